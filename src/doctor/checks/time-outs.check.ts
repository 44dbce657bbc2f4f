import { fail, ok, skip, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import { adviceOn } from '../probe/advice.js';
import type { Proxy, Topic } from '../probe/advice.js';
import type { BodyWriter, Outcome } from '../probe/exchange.js';
import { inWords, mirrored, seconds } from '../probe/probe.js';
import type { Probe } from '../probe/probe.js';

/** Time beyond the one asked about that an answer may take. */
const marginMs = 10_000;
/** Longer than the service itself waits for a silent client: then it is not the proxy who ends it. */
const beyondMs = 5_000;
/** Nothing that people meet takes longer; the usual default of proxies is 60 s. */
const enoughMs = 55_000;
const trickleMs = 1_000;

/**
 * How a cut after so long is to be taken.
 * @param askedMs how long it was tried
 * @param neededMs what may really come to pass
 */
export const cutLevel = (cutMs: number, neededMs: number): 'warn' | 'fail' =>
  cutMs < neededMs ? 'fail' : 'warn';

interface Trial {
  readonly name: string;
  readonly topic: Topic;
  /** What was tried, as a sentence's subject. */
  readonly what: string;
  readonly neededMs: number;
  run(): Promise<Outcome>;
  readonly method: string;
}

const put = (
  probe: Probe,
  forMs: number,
  waitMs: number,
  send: (body: BodyWriter) => Promise<void>,
) =>
  probe.ask({
    method: 'PUT',
    path: '/api/v1/archives/doctor.bin',
    wish: { kind: 'body', waitMs },
    patienceMs: forMs + marginMs,
    send,
  });

const trials = (probe: Probe, forMs: number, uploadIdleMs: number): readonly Trial[] => {
  const silentMs = Math.min(forMs, uploadIdleMs + beyondMs);
  return [
    {
      name: 'silent-upload',
      topic: 'silentUpload',
      what: `an upload that is silent for ${seconds(silentMs)}`,
      neededMs: uploadIdleMs - beyondMs,
      method: 'PUT',
      run: () =>
        put(probe, silentMs, 0, async (body) => {
          await body.write(Buffer.alloc(1024));
          await body.pause(silentMs);
          await body.write(Buffer.alloc(1024));
        }),
    },
    {
      name: 'long-upload',
      topic: 'longUpload',
      what: `an upload that trickles for ${seconds(forMs)}`,
      neededMs: Infinity,
      method: 'PUT',
      run: () =>
        put(probe, forMs, 0, async (body) => {
          for (let ms = 0; ms < forMs && !body.isOver; ms += trickleMs) {
            await body.write(Buffer.alloc(1));
            await body.pause(trickleMs);
          }
        }),
    },
    {
      name: 'late-answer',
      topic: 'lateAnswer',
      what: `an answer that comes ${seconds(forMs)} after the body`,
      neededMs: enoughMs,
      method: 'PUT',
      run: () => put(probe, forMs, forMs, (body) => body.write(Buffer.alloc(1024))),
    },
    {
      name: 'long-events',
      topic: 'longEvents',
      what: `a stream of events over ${seconds(forMs)}`,
      neededMs: enoughMs,
      method: 'GET',
      run: () =>
        probe.ask({
          method: 'GET',
          path: '/api/v1/overview/events',
          wish: { kind: 'answer', as: 'events', pieces: 2, pauseMs: forMs },
          patienceMs: forMs + marginMs,
        }),
    },
  ];
};

const judge = (trial: Trial, outcome: Outcome, proxy: Proxy): Finding => {
  const answer = mirrored(outcome, trial.method)?.answer;
  if (answer && !answer.isCut) return ok(trial.name, `${trial.what} passes.`);
  const cut = answer ? `broken off after ${seconds(answer.afterMs)}` : inWords(outcome);
  const level = cutLevel(outcome.afterMs, trial.neededMs) === 'fail' ? fail : warn;
  return level(trial.name, `${trial.what} is ${cut}.`, adviceOn(trial.topic, proxy));
};

/** All at once. @param forMs how long to try; 0 leaves it out */
export const checkTimeOuts = async (
  probe: Probe,
  proxy: Proxy,
  forMs: number,
  uploadIdleMs: number,
): Promise<readonly Finding[]> => {
  if (forMs === 0) return [skip('time-outs', 'not tried (--seconds 0).')];
  return Promise.all(
    trials(probe, forMs, uploadIdleMs).map(async (trial) => judge(trial, await trial.run(), proxy)),
  );
};
