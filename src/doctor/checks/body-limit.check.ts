import { GiB, MiB } from '../../config/config.js';
import { fail, ok, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import { adviceOn } from '../probe/advice.js';
import type { Proxy } from '../probe/advice.js';
import type { Outcome } from '../probe/exchange.js';
import { inWords, mirrored } from '../probe/probe.js';
import type { Probe } from '../probe/probe.js';
import { lacking } from './methods.check.js';
import type { UploadRoute } from './upload-routes.js';

/** A form is a little larger than the file in it. */
const formBytes = 4096;
/** A proxy that is going to refuse a length does it at once. */
const patienceMs = 2_000;
/** Some proxies count instead of reading the length: so much is really sent, or as much as this time allows. */
const sentBytes = 16 * MiB;
const sentForMs = 5_000;
const pieceBytes = 64 * 1024;

const size = (bytes: number): string =>
  bytes >= GiB
    ? `${Math.round(bytes / GiB)} GiB`
    : bytes >= MiB
      ? `${Math.round(bytes / MiB)} MiB`
      : `${Math.round(bytes / 1024)} KiB`;

/** Headers alone, with a length that nobody is going to send. `Expect` lets a proxy ask for the body without getting it. */
const declare = (probe: Probe, method: string, path: string, bytes: number): Promise<Outcome> =>
  probe.ask({
    method,
    path,
    wish: { kind: 'seen' },
    headers: { 'Content-Length': String(bytes), Expect: '100-continue' },
    patienceMs,
  });

/** Silence is no refusal: that proxy waits for the body, see request-buffering. */
export const isRefused = (outcome: Outcome, method: string): boolean =>
  outcome.kind === 'broken' || (outcome.kind === 'answered' && mirrored(outcome, method) === null);

/** The largest power of two that is taken, in a few requests. */
const largestTaken = async (probe: Probe, method: string, path: string): Promise<number> => {
  let [taken, refused] = [0, 45];
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2);
    const outcome = await declare(probe, method, path, 2 ** middle);
    if (isRefused(outcome, method)) refused = middle;
    else taken = middle;
  }
  return 2 ** taken;
};

const sendMuch = (probe: Probe): Promise<Outcome> =>
  probe.ask({
    method: 'PUT',
    path: '/api/v1/archives/doctor.bin',
    wish: { kind: 'body', waitMs: 0 },
    patienceMs: 4 * sentForMs,
    send: async (body) => {
      const until = Date.now() + sentForMs;
      const piece = Buffer.alloc(pieceBytes);
      for (let sent = 0; sent < sentBytes && Date.now() < until && !body.isOver; sent += pieceBytes)
        await body.write(piece);
    },
  });

export const checkBodyLimit = async (
  probe: Probe,
  proxy: Proxy,
  maxUploadBytes: number,
  routes: readonly UploadRoute[],
): Promise<Finding> => {
  if (routes.length === 0) return lacking('body-limit', ['PUT', 'POST', 'PATCH']);
  const wanted = maxUploadBytes + formBytes;
  const change = adviceOn('bodyLimit', proxy);
  const outcomes = await Promise.all(
    routes.map(({ method, path }) => declare(probe, method, path, wanted)),
  );
  for (const [index, outcome] of outcomes.entries()) {
    const route = routes[index];
    if (!route || !isRefused(outcome, route.method)) continue;
    const taken = await largestTaken(probe, route.method, route.path);
    return fail(
      'body-limit',
      `${route.method} of ${size(maxUploadBytes)} (MAX_UPLOAD_BYTES) is ${inWords(outcome)}; ${size(taken)} is taken, ${size(2 * taken)} is not.`,
      change,
    );
  }
  const isSent = routes.some(({ method }) => method === 'PUT');
  const much = isSent ? await sendMuch(probe) : null;
  if (much === null)
    return ok(
      'body-limit',
      `a declared length of ${size(maxUploadBytes)} is taken; no PUT was sent.`,
    );
  if (much.kind === 'silent')
    return warn('body-limit', `a body of ${size(sentBytes)} is ${inWords(much)}.`, change);
  if (isRefused(much, 'PUT'))
    return fail('body-limit', `a body of up to ${size(sentBytes)} is ${inWords(much)}.`, change);
  return ok(
    'body-limit',
    `a declared length of ${size(maxUploadBytes)} (MAX_UPLOAD_BYTES) is taken.`,
  );
};
