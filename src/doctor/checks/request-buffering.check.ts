import { fail, ok } from '../finding.js';
import type { Finding } from '../finding.js';
import type { Seen } from '../mirror/mirror.protocol.js';
import { adviceOn } from '../probe/advice.js';
import type { Proxy } from '../probe/advice.js';
import { inWords, mirrored } from '../probe/probe.js';
import type { Probe } from '../probe/probe.js';
import { lacking } from './methods.check.js';
import type { UploadRoute } from './upload-routes.js';

const pauseMs = 1_200;
const pieceBytes = 64 * 1024;

/** Whether the first bytes were there long before the last ones, as they were sent. */
export const isStreamed = ({ steps }: NonNullable<Seen['body']>, pausedMs: number): boolean => {
  const [first, last] = [steps[0], steps.at(-1)];
  return first !== undefined && last !== undefined && last[0] - first[0] > pausedMs / 2;
};

const lookAt = async (
  probe: Probe,
  { method, path }: UploadRoute,
  isChunked: boolean,
  change: string,
): Promise<Finding | null> => {
  const name = isChunked ? `${method} in chunks` : method;
  const outcome = await probe.ask({
    method,
    path,
    wish: { kind: 'body', waitMs: 0 },
    headers: isChunked ? {} : { 'Content-Length': String(2 * pieceBytes) },
    send: async (body) => {
      await body.write(Buffer.alloc(pieceBytes));
      await body.pause(pauseMs);
      await body.write(Buffer.alloc(pieceBytes));
    },
  });
  const body = mirrored(outcome, method)?.seen?.body;
  if (!body)
    return fail('request-buffering', `${name}, sent slowly, is ${inWords(outcome)}.`, change);
  if (isStreamed(body, pauseMs)) return null;
  return fail(
    'request-buffering',
    `the proxy keeps the body of ${name} back until it is whole: nothing can be refused, resumed or shown in between, and its disk fills.`,
    change,
  );
};

export const checkRequestBuffering = async (
  probe: Probe,
  proxy: Proxy,
  routes: readonly UploadRoute[],
): Promise<Finding> => {
  if (routes.length === 0) return lacking('request-buffering', ['PUT', 'POST', 'PATCH']);
  const change = adviceOn('requestBuffering', proxy);
  const looks = routes.flatMap((route) =>
    [false, true].map((isChunked) => lookAt(probe, route, isChunked, change)),
  );
  const [found] = (await Promise.all(looks)).filter((finding) => finding !== null);
  return found ?? ok('request-buffering', 'bytes of a body arrive while it is still being sent.');
};
