import { fail, ok, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import type { Answered } from '../probe/exchange.js';
import type { Seen } from '../mirror/mirror.protocol.js';

/** A code of an authenticator app holds for 30 s. */
const wrongMs = 30_000;
const oddMs = 5_000;

const clock = 'run an NTP client on each of these machines (chrony, systemd-timesyncd).';

/** One of the clocks that have to agree with this machine's. */
export interface OtherClock {
  readonly name: string;
  /** How far it is ahead of this machine's. */
  readonly aheadMs: number;
}

const apart = (aheadMs: number): string =>
  `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's`;

export const judgeClocks = (clocks: readonly OtherClock[]): Finding => {
  const off = clocks.filter(({ aheadMs }) => Math.abs(aheadMs) >= oddMs);
  const saw = off
    .map(({ name, aheadMs }) => `the clock of ${name} is ${apart(aheadMs)}`)
    .join(', ');
  if (off.some(({ aheadMs }) => Math.abs(aheadMs) >= wrongMs))
    return fail('clock', `${saw}: codes of authenticator apps are refused.`, clock);
  if (off.length > 0) return warn('clock', `${saw}.`, clock);
  return ok(
    'clock',
    `this machine, ${clocks.map(({ name }) => name).join(' and ')} agree within 5 s.`,
  );
};

/** What an answer says of the clocks that it passed. The Date header has whole seconds. */
export const clocksOf = (
  { headers, beganAt, afterMs }: Answered,
  seen: Pick<Seen, 'now'>,
): OtherClock[] => {
  const middle = beganAt + afterMs / 2;
  const date = Date.parse(headers.date ?? '');
  return [
    { name: 'the service', aheadMs: seen.now - middle },
    ...(Number.isNaN(date) ? [] : [{ name: 'the proxy', aheadMs: date + 500 - middle }]),
  ];
};
