import type { EntityManager } from 'typeorm';
import { entityIn } from '../../database/statement.js';
import { currentRequest } from '../../http/request-context.js';
import type { RequestContext } from '../../http/request-context.js';
import { Platform } from '../../platforms/platform.entity.js';
import { Ticket } from '../ticket.entity.js';
import { UploadToken } from './upload-token.entity.js';

/** A token with what it leads to. */
export interface KnownToken extends UploadToken {
  readonly ticket: Ticket & { readonly platform: Platform };
}

/** @param row of a selection that joins all three */
export const knownToken = (
  manager: EntityManager,
  row: Readonly<Record<string, unknown>>,
): KnownToken => {
  const platform = entityIn(manager, Platform, 'platform', row);
  const ticket = { ...entityIn(manager, Ticket, 'ticket', row), platform };
  return { ...entityIn(manager, UploadToken, 'token', row), ticket };
};

/** What was read at the proof may serve a request's beginning, never its end: an upload may take days. */
const freshMs = 1_000;

/** Tokens as the proof of the current request has just read them, so that its beginning need not read them again. */
export class ProvedTokens {
  private readonly proved = new WeakMap<
    RequestContext,
    { readonly token: KnownToken; readonly atMs: number }
  >();

  keep(token: KnownToken): void {
    const request = currentRequest();
    if (request) this.proved.set(request, { token, atMs: Date.now() });
  }

  /** Once: whoever looks again wants to know what has changed. */
  take(id: string): KnownToken | null {
    const request = currentRequest();
    const proved = request && this.proved.get(request);
    if (!proved) return null;
    this.proved.delete(request);
    return proved.token.id === id && Date.now() - proved.atMs < freshMs ? proved.token : null;
  }
}
