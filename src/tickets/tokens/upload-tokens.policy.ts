import type { DomainError } from '../../errors/domain-error.js';
import { TicketResolved } from '../tickets.errors.js';
import {
  UploadTokenExhausted,
  UploadTokenExpired,
  UploadTokenLocked,
  UploadTokenRevoked,
} from './upload-tokens.errors.js';

/** What decides whether a token may begin an upload. */
export interface TokenFacts {
  readonly attemptsLeft: number;
  readonly failures: number;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly ticketResolved: boolean;
}

export const tokenStates = [
  'active',
  'revoked',
  'resolved',
  'expired',
  'locked',
  'exhausted',
] as const;
export type TokenState = (typeof tokenStates)[number];

/** @param maxFailures TOKEN_MAX_FAILURES */
export const tokenState = (token: TokenFacts, maxFailures: number, now: Date): TokenState => {
  if (token.revokedAt) return 'revoked';
  if (token.ticketResolved) return 'resolved';
  if (token.expiresAt <= now) return 'expired';
  if (token.failures >= maxFailures) return 'locked';
  if (token.attemptsLeft <= 0) return 'exhausted';
  return 'active';
};

/** Why a token in this state may not begin an upload; null where it may. */
export const refusal = (state: TokenState): DomainError | null => {
  switch (state) {
    case 'active':
      return null;
    case 'revoked':
      return new UploadTokenRevoked();
    case 'resolved':
      return new TicketResolved();
    case 'expired':
      return new UploadTokenExpired();
    case 'locked':
      return new UploadTokenLocked();
    case 'exhausted':
      return new UploadTokenExhausted();
  }
};

/** @param seconds from now */
export const later = (seconds: number): Date => new Date(Date.now() + 1000 * seconds);
