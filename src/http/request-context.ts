import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { holdsSecret, newId, secretPattern } from '../secrets/secrets.js';

/** What every log line and audit event of one request says about where it came from. */
export interface RequestContext {
  readonly requestId: string;
  /** The client's address, as far as TRUSTED_PROXIES lets us know it. */
  readonly address: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request being served; null in jobs and commands. */
export const currentRequest = (): RequestContext | null => storage.getStore() ?? null;

/** An IPv4 client on a dual-stack socket is shown as ::ffff:192.0.2.1. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:/, '');

const ownIdPattern = /^[A-Za-z0-9._-]{1,128}$/;

/** The id stands in every answer and in log lines, so a secret is no id, nor is anything that the log would mask. */
const mayBeShown = (id: string): boolean => id.search(secretPattern) < 0 && !holdsSecret(id);

/** First middleware of all: gives the request its id, the client's own where it has the right form. */
export const requestContext = (req: Request, res: Response, next: NextFunction): void => {
  const own = req.get('x-request-id');
  const isUsable = own !== undefined && ownIdPattern.test(own) && mayBeShown(own);
  const requestId = isUsable ? own : newId();
  res.setHeader('X-Request-Id', requestId);
  storage.run({ requestId, address: addressOf(req) }, next);
};

/** A trusted proxy may pass on what is no address at all: then it is the proxy's own that we know. */
const addressOf = (req: Request): string => {
  const named = req.ip ?? '';
  const address = isIP(named) === 0 ? (req.socket.remoteAddress ?? '') : named;
  return plainAddress(address);
};
