import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import { sendContinue } from '../json-body.js';
import { currentRequest, plainAddress } from '../request-context.js';
import type { Keyring } from '../../secrets/secrets.js';
import { version } from '../../version.js';
import { hopHeader, mirrorHeader, wishIn } from './mirror.protocol.js';
import type { Hop, Seen, Wish } from './mirror.protocol.js';

/** More than the doctor asks at once; an overheard proof gets no more out of it. */
const mostAtOnce = 32;
/** Longer than the longest `--seconds`. */
const longestMs = 11 * 60_000;

/** What the mirror knows of the service. */
export interface Self {
  readonly keyring: Keyring;
  readonly publicUrl: string | null;
  storeId(): Promise<string>;
}

type IsTrusted = (address: string, distance: number) => boolean;

const seenIn = async (self: Self, req: Request): Promise<Seen> => {
  const isTrusted = req.app.get('trust proxy fn') as IsTrusted;
  const hop = (address: string): Hop => ({ address, isTrusted: isTrusted(address, 0) });
  const chain = req.headersDistinct['x-forwarded-for']?.join(',') ?? '';
  return {
    storeId: await self.storeId().catch(() => null),
    version,
    publicUrl: self.publicUrl,
    address: currentRequest()?.address ?? '',
    peer: {
      ...hop(plainAddress(req.socket.remoteAddress ?? '')),
      port: req.socket.remotePort ?? 0,
    },
    chain: chain
      .split(',')
      .flatMap((entry) => entry.trim() || [])
      .map(hop),
    isProxied: req.headers.via !== undefined || req.headers.connection !== hopHeader,
  };
};

const show = async (
  self: Self,
  wish: Wish,
  req: Request,
  res: Response,
  signal: AbortSignal,
): Promise<void> => {
  res.setHeader(mirrorHeader, '1');
  if (wish.kind === 'body') {
    sendContinue(req, res);
    req.resume();
    await once(req, 'end', { signal });
    await pause(wish.waitMs, undefined, { signal });
  }
  res.json(await seenIn(self, req));
};

/**
 * Shows the doctor its own requests as the service gets them, at the addresses of uploads: a proxy treats them as it
 * treats a customer's. A request is the doctor's if it carries a proof made with SECRET_KEY; it then reaches no route,
 * record or storage. For any other request this costs one look at its headers.
 */
export const mirror = (self: Self): RequestHandler => {
  let underWay = 0;
  return (req, res, next) => {
    const proof = req.headers[mirrorHeader];
    if (proof === undefined || underWay >= mostAtOnce) return next();
    const wish = wishIn(proof, self.keyring, new Date());
    if (!wish) return next();
    underWay += 1;
    // What the access log calls it.
    req.route = { path: '(doctor)' };
    const over = new AbortController();
    const timer = setTimeout(() => req.socket.destroy(), longestMs);
    res.once('close', () => {
      clearTimeout(timer);
      underWay -= 1;
      over.abort();
    });
    show(self, wish, req, res, over.signal).catch((cause: unknown) => {
      if (!over.signal.aborted) next(cause);
    });
  };
};
