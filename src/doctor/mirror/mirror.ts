import type { Request, RequestHandler, Response } from 'express';
import { EventStream, eventText } from '../../http/event-stream.js';
import type { Addresses } from '../../http/addresses.js';
import { sendContinue } from '../../http/json-body.js';
import { currentRequest } from '../../http/request-context.js';
import type { Keyring } from '../../secrets/secrets.js';
import { version } from '../../version.js';
import { echoed, giveBack } from './mirror.headers.js';
import { floodBlockBytes, floodBlocks, mirrorHeader, wishIn } from './mirror.protocol.js';
import type { Hop, Seen, Wish } from './mirror.protocol.js';

/** More than the doctor asks at once; whoever overhears a proof gets no more out of it. */
const mostAtOnce = 32;
const longestMs = 10 * 60_000;
const mostBytes = 64 * 1024 * 1024;
/** Arrivals that are so near are one step. */
const stepMs = 100;

/** What the mirror knows of the service. */
export interface Self {
  readonly keyring: Keyring;
  readonly addresses: Addresses;
  storeId(): Promise<string>;
}

type IsTrusted = (address: string, distance: number) => boolean;

/** An IPv4 client on a dual-stack socket is shown as ::ffff:192.0.2.1. */
const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

const baseOf = (addresses: Addresses, req: Request): string | null => {
  try {
    return addresses.base(req);
  } catch {
    return null;
  }
};

const seenIn = async (self: Self, req: Request): Promise<Seen> => {
  const isTrusted = req.app.get('trust proxy fn') as IsTrusted;
  const hop = (address: string): Hop => ({ address, isTrusted: isTrusted(address, 0) });
  const chain = req.headersDistinct['x-forwarded-for']?.join(',') ?? '';
  return {
    storeId: await self.storeId().catch(() => null),
    version,
    now: Date.now(),
    method: req.method,
    path: req.originalUrl,
    address: currentRequest()?.address ?? '',
    peer: { ...hop(plain(req.socket.remoteAddress)), port: req.socket.remotePort ?? 0 },
    chain: chain
      .split(',')
      .flatMap((entry) => entry.trim() || [])
      .map(hop),
    isSecure: self.addresses.isSecure(req),
    base: baseOf(self.addresses, req),
    headers: echoed(req.headers),
  };
};

/** Reads and throws away. */
const arrivals = (req: Request): Promise<NonNullable<Seen['body']>> => {
  const begun = Date.now();
  const steps: [number, number][] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    const end = (isWhole: boolean) => (): void => resolve({ steps, isWhole });
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      const atMs = Date.now() - begun;
      const last = steps.at(-1);
      if (last && atMs - last[0] < stepMs) last[1] = bytes;
      else steps.push([atMs, bytes]);
      if (bytes > mostBytes) end(false)();
    });
    req.once('end', end(true));
    req.once('error', end(false));
    req.once('close', end(false));
  });
};

/** Resolves early when the answer's connection is gone. */
const pause = (res: Response, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    res.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** As a download comes, or as the events of the overview do: what a proxy does with the one it need not do with the other. */
const inPieces = async (res: Response, wish: Wish & { kind: 'answer' }): Promise<void> => {
  const events = wish.as === 'events' ? new EventStream(res, () => undefined) : null;
  if (!events) res.setHeader('Content-Type', 'application/octet-stream');
  for (let at = 0; at < wish.pieces && !res.closed; at += 1) {
    if (at > 0) await pause(res, wish.pauseMs);
    if (events) events.offer(eventText('piece', String(at)));
    else res.write(`piece ${at}\n`);
  }
  if (events) events.end();
  else res.end();
};

const flood = async (res: Response): Promise<void> => {
  res.setHeader('Content-Type', 'application/octet-stream');
  for (let at = 0; at < floodBlocks && !res.closed; at += 1)
    if (!res.write(String(Date.now()).padEnd(floodBlockBytes)))
      await new Promise<void>((resolve) => {
        const goOn = (): void => {
          res.off('drain', goOn).off('close', goOn);
          resolve();
        };
        res.once('drain', goOn).once('close', goOn);
      });
  res.end();
};

const show = async (self: Self, wish: Wish, req: Request, res: Response): Promise<void> => {
  res.setHeader(mirrorHeader, req.method);
  giveBack(res, self.addresses.prefix);
  if (wish.kind === 'answer') return inPieces(res, wish);
  if (wish.kind === 'flood') return flood(res);
  if (wish.kind === 'seen') return void res.json(await seenIn(self, req));
  sendContinue(req, res);
  const body = await arrivals(req);
  await pause(res, wish.waitMs);
  if (!res.closed) res.json({ ...(await seenIn(self, req)), body });
};

/**
 * Shows the doctor its own requests as the service gets them, at every address and by every method: so a proxy treats
 * them as it treats a customer's. A request is the doctor's if it carries a proof made with SECRET_KEY; it then comes
 * near no route, no record and no storage. Any other passes by.
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
    const timer = setTimeout(() => req.socket.destroy(), longestMs);
    res.once('close', () => {
      clearTimeout(timer);
      underWay -= 1;
    });
    show(self, wish, req, res).catch(next);
  };
};
