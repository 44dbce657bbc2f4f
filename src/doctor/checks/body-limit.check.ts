import { GiB, MiB } from '../../config/config.js';
import { atProxy, fail, ok } from '../finding.js';
import type { Finding } from '../finding.js';
import { inWords, isSeen } from '../probe.js';
import type { Outcome, Probe } from '../probe.js';

/** A form is a little larger than the file in it. */
const formBytes = 4096;
/** A proxy that refuses a length does it at once. */
const patienceMs = 2_000;

const size = (bytes: number): string =>
  bytes >= GiB
    ? `${Math.round(bytes / GiB)} GiB`
    : bytes >= MiB
      ? `${Math.round(bytes / MiB)} MiB`
      : `${Math.round(bytes / 1024)} KiB`;

/** Headers alone. `Expect` lets a proxy ask for the body without getting it. */
const declare = (probe: Probe, bytes: number): Promise<Outcome> =>
  probe.ask(
    { kind: 'seen' },
    { headers: { 'Content-Length': String(bytes), Expect: '100-continue' }, patienceMs },
  );

/** Silence is no refusal: that proxy waits for the whole body. */
const isRefused = (outcome: Outcome): boolean => outcome.kind !== 'silent' && !isSeen(outcome);

/** The largest power of two that is accepted, in a few requests. */
const largestTaken = async (probe: Probe): Promise<number> => {
  let [taken, refused] = [0, 45];
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2);
    if (isRefused(await declare(probe, 2 ** middle))) refused = middle;
    else taken = middle;
  }
  return 2 ** taken;
};

export const checkBodyLimit = async (probe: Probe, maxUploadBytes: number): Promise<Finding> => {
  const limit = `${size(maxUploadBytes)} (MAX_UPLOAD_BYTES)`;
  const outcome = await declare(probe, maxUploadBytes + formBytes);
  if (!isRefused(outcome)) return ok('body-limit', `an upload of ${limit} is accepted.`);
  const taken = await largestTaken(probe);
  return fail(
    'body-limit',
    `an upload of ${limit} is ${inWords(outcome)}; ${size(taken)} is accepted, ${size(2 * taken)} is not.`,
    atProxy('client_max_body_size 0;'),
  );
};
