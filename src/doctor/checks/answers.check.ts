import { MiB } from '../../config/config.js';
import { fail, ok, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import { floodBlockBytes } from '../mirror/mirror.protocol.js';
import { adviceOn } from '../probe/advice.js';
import type { Proxy } from '../probe/advice.js';
import type { Answered, Outcome } from '../probe/exchange.js';
import { inWords, mirrored } from '../probe/probe.js';
import type { Probe } from '../probe/probe.js';

const downloadPath = '/api/v1/archives/doctor/content';
const pauseMs = 1_200;
const unreadMs = 1_500;
/** Two connections' buffers hold 20 MiB at most, as Linux sets them. */
const hoardBytes = 40 * MiB;

/** Whether the first piece came long before the last one, as they were sent. */
export const isFlowing = ({ pieces }: Pick<Answered, 'pieces'>, pausedMs: number): boolean => {
  const [first, last] = [pieces[0], pieces.at(-1)];
  return first !== undefined && last !== undefined && last.atMs - first.atMs > pausedMs / 2;
};

/**
 * Whether the proxy takes what nobody reads, and so has it on its disk. Blocks of a flood say when they were written:
 * more than the systems' own buffers hold has to wait for the reader.
 */
const isHoarded = async (probe: Probe): Promise<boolean> => {
  let [begun, now, taken, held] = [0, 0, 0, ''];
  const hasWaited = (): boolean => now - begun > 0.9 * unreadMs;
  await probe.ask({
    method: 'GET',
    path: downloadPath,
    wish: { kind: 'flood' },
    late: {
      ms: unreadMs,
      hasEnough: (text) => {
        for (held += text; held.length >= floodBlockBytes; held = held.slice(floodBlockBytes)) {
          now = Number(held.slice(0, 16));
          begun ||= now;
          if (hasWaited()) return true;
          taken += floodBlockBytes;
        }
        return taken >= hoardBytes;
      },
    },
  });
  return taken >= hoardBytes;
};

/** As a browser asks: who packs answers gathers them first. */
const answerAs = (probe: Probe, as: 'bytes' | 'events', path: string): Promise<Outcome> =>
  probe.ask({
    method: 'GET',
    path,
    wish: { kind: 'answer', as, pieces: 2, pauseMs },
    headers: { 'Accept-Encoding': 'gzip, deflate, br' },
  });

export const checkEvents = async (probe: Probe, proxy: Proxy): Promise<Finding> => {
  const outcome = await answerAs(probe, 'events', '/api/v1/overview/events');
  const change = adviceOn('events', proxy);
  const answer = mirrored(outcome, 'GET')?.answer;
  if (!answer || answer.isCut)
    return fail('events', `the events of the overview are ${inWords(outcome)}.`, change);
  return isFlowing(answer, pauseMs)
    ? ok('events', 'events come as they are sent.')
    : fail(
        'events',
        'the proxy keeps events back: the overview does not show what happens now.',
        change,
      );
};

export const checkAnswers = async (probe: Probe, proxy: Proxy): Promise<Finding> => {
  const [outcome, hoards] = await Promise.all([
    answerAs(probe, 'bytes', downloadPath),
    isHoarded(probe),
  ]);
  const change = adviceOn('answerBuffering', proxy);
  const answer = mirrored(outcome, 'GET')?.answer;
  if (!answer || answer.isCut)
    return fail('answer-buffering', `a download is ${inWords(outcome)}.`, change);
  const coding = answer.headers['content-encoding'];
  if (coding !== undefined)
    return fail(
      'answer-buffering',
      `the proxy packs downloads (${coding}): sizes, ranges and digests are then of other bytes.`,
      'let it not compress application/octet-stream, or nothing below /api.',
    );
  return hoards || !isFlowing(answer, pauseMs)
    ? warn(
        'answer-buffering',
        'the proxy gathers downloads before they are read: large ones go over its disk.',
        change,
      )
    : ok('answer-buffering', 'a download comes as it is sent.');
};
