import type { Person } from '../../http/allow.js';

/** SESSION_IDLE and SESSION_LIFETIME, in seconds. */
export interface SessionLimits {
  readonly idle: number;
  readonly lifetime: number;
}

/** Whether a session still counts: neither too long without a request nor too old altogether. */
export const isAlive = (
  session: { readonly beganAt: Date; readonly seenAt: Date },
  { idle, lifetime }: SessionLimits,
  now: Date,
): boolean =>
  now.getTime() < session.seenAt.getTime() + idle * 1000 &&
  now.getTime() < session.beganAt.getTime() + lifetime * 1000;

/**
 * How old `seenAt` may grow before a request writes it again, in milliseconds: not every request writes, and the
 * idle limit is off by a tenth of itself at most, always to the early side.
 */
export const seenEveryMs = ({ idle }: SessionLimits): number => Math.min(60_000, idle * 100);

/** What is left to do about the second factor. */
export type SecondFactorState = 'enrol' | 'verify' | 'done';

export const secondFactorOf = ({
  aal,
  hasSecondFactor,
}: Pick<Person, 'aal' | 'hasSecondFactor'>): SecondFactorState =>
  aal === 2 ? 'done' : hasSecondFactor ? 'verify' : 'enrol';
