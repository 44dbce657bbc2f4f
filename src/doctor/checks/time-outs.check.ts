import { setTimeout as pause } from 'node:timers/promises';
import { atProxy, fail, ok, skip, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import { inWords, isSeen, seconds } from '../probe.js';
import type { Asking, Probe } from '../probe.js';

/** Time beyond the one asked about that an answer may take. */
const marginMs = 10_000;
/** Longer than the service itself waits for a silent client: then it is not the proxy that ends it. */
const beyondMs = 5_000;
/** The usual default of proxies is 60 s, and no answer of the service takes longer. */
const enoughMs = 55_000;
const trickleMs = 1_000;

interface Trial {
  readonly name: string;
  /** What was tried, as a sentence's subject. */
  readonly what: string;
  readonly lastsMs: number;
  /** A cut before this fails; a later one is a warning. */
  readonly neededMs: number;
  readonly waitMs: number;
  readonly body: NonNullable<Asking['body']>;
  /** For nginx. */
  readonly change: string;
}

const trials = (forMs: number, uploadIdleMs: number): readonly Trial[] => {
  const silentMs = Math.min(forMs, uploadIdleMs + beyondMs);
  return [
    {
      name: 'silent-upload',
      what: `an upload that is silent for ${seconds(silentMs)}`,
      lastsMs: silentMs,
      neededMs: uploadIdleMs - beyondMs,
      waitMs: 0,
      body: async function* (signal) {
        yield Buffer.alloc(1024);
        await pause(silentMs, undefined, { signal });
        yield Buffer.alloc(1024);
      },
      change: 'client_body_timeout 120s;',
    },
    {
      name: 'long-upload',
      what: `an upload that trickles for ${seconds(forMs)}`,
      lastsMs: forMs,
      neededMs: Infinity,
      waitMs: 0,
      body: async function* (signal) {
        for (let ms = 0; ms < forMs; ms += trickleMs) {
          yield Buffer.alloc(1);
          await pause(trickleMs, undefined, { signal });
        }
      },
      change: 'client_body_timeout 120s; a limit on the whole request is set before nginx.',
    },
    {
      name: 'late-answer',
      what: `an answer that comes ${seconds(forMs)} after the body`,
      lastsMs: forMs,
      neededMs: enoughMs,
      waitMs: forMs,
      body: () => [Buffer.alloc(1024)],
      change: 'proxy_read_timeout 300s;',
    },
  ];
};

const tried = async (probe: Probe, trial: Trial): Promise<Finding> => {
  const { name, what, waitMs, body, lastsMs, neededMs, change } = trial;
  const outcome = await probe.ask(
    { kind: 'body', waitMs },
    { body, patienceMs: lastsMs + marginMs },
  );
  if (isSeen(outcome)) return ok(name, `${what} passes.`);
  const level = outcome.afterMs < neededMs ? fail : warn;
  return level(name, `${what} is ${inWords(outcome)}.`, atProxy(change));
};

/** All at once. @param forMs how long to try; 0 leaves it out */
export const checkTimeOuts = async (
  probe: Probe,
  forMs: number,
  uploadIdleMs: number,
): Promise<readonly Finding[]> =>
  forMs === 0
    ? [skip('time-outs', 'not tried (--seconds 0).')]
    : Promise.all(trials(forMs, uploadIdleMs).map((trial) => tried(probe, trial)));
