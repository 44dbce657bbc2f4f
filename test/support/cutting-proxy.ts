import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterFile } from './cleaning.js';

/**
 * How a line breaks. `reset`: both sides are told. `end`: both sides see a close, as from a proxy that gives up.
 * `hang`: the client is told and the service is not, as when a phone changes its network.
 */
export type Break = 'reset' | 'end' | 'hang';

export interface Cut {
  /** Bytes of the client, over all connections since the cut before, that still pass. */
  readonly afterBytes: number;
  /** Where given, the request that these bytes are of passes whole, and so many bytes of its answer. */
  readonly ofAnswer?: number;
  readonly how: Break;
}

export interface ProxyCounters {
  readonly connections: number;
  readonly cuts: number;
  /** What passed, both without what was lost. */
  readonly clientBytes: number;
  readonly serverBytes: number;
}

/** A bad line in front of a service. */
export interface CuttingProxy {
  /** Takes the place of the service's own. */
  readonly url: string;
  readonly counters: ProxyCounters;
  /** Cuts to come, one after the other; each breaks the connection that it finds. */
  plan(...cuts: readonly Cut[]): void;
  /** Cuts once, after so many bytes of the client. */
  cutAfter(bytes: number, how?: Break): void;
  /** Lets the next request pass and breaks when its answer comes. */
  loseAnswer(): void;
  /** Passes nothing on any more, in both directions, and closes nothing. */
  stall(): void;
  /** Resets every connection. */
  cutAll(): void;
  /** Lets flow what was stalled, and forgets the cuts that did not come yet. */
  restore(): void;
  /** Another service, or the same one that was started again, for the connections to come. */
  aim(url: string): void;
  close(): Promise<void>;
}

/**
 * Cuts of every kind, in both directions, at random places; all of them come before the client has sent `bytes`.
 * @param random of `seeded`
 * @param piece bytes that one request brings; 0 where it brings all that is left, and so has no answer to lose before
 * the end: then those to the requests between are lost
 */
export const randomCuts = (
  random: (below: number) => number,
  {
    count,
    bytes,
    piece,
  }: { readonly count: number; readonly bytes: number; readonly piece: number },
): Cut[] => {
  const cuts = Array.from({ length: count }, () => ({
    how: (['reset', 'end', 'hang'] as const)[random(3)] ?? 'reset',
    isOfAnswer: random(3) === 0,
    share: 1 + random(1_000_000),
  }));
  const lost = cuts.filter(({ isOfAnswer }) => isOfAnswer).length;
  const shares = cuts.reduce((sum, { isOfAnswer, share }) => sum + (isOfAnswer ? 0 : share), 0);
  // A request whose answer is lost goes on for one piece at most after the bytes that its cut waits for.
  const left = bytes - 2 * lost * piece;
  return cuts.map(({ how, isOfAnswer, share }) =>
    isOfAnswer
      ? { how, afterBytes: random(piece + 1), ofAnswer: random(2) === 0 ? 0 : random(300) }
      : { how, afterBytes: Math.floor((left * share) / shares) },
  );
};

interface Line {
  readonly client: Socket;
  readonly server: Socket;
  isBroken: boolean;
}

const isInterim = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 12) === 'HTTP/1.1 100';

/** Starts a proxy on a free port of this machine; closed after the file's tests in any case. */
export const cuttingProxy = async (target: string): Promise<CuttingProxy> => {
  const counters = { connections: 0, cuts: 0, clientBytes: 0, serverBytes: 0 };
  const lines = new Set<Line>();
  /** Also the sides of broken lines that were left hanging. */
  const sockets = new Set<Socket>();
  let planned: Cut[] = [];
  /** Bytes that passed since the last cut. */
  let [sent, answered] = [0, 0];
  let isStalled = false;
  let to = new URL(target);

  const shut = (socket: Socket, how: Break): void => {
    if (how === 'end') socket.destroy();
    else socket.resetAndDestroy();
  };

  /** @param last what still arrives, and where: a reset would overtake what the system did not take yet */
  const breakOff = (
    line: Line,
    how: Break,
    last?: { readonly sink: Socket; readonly bytes: Buffer },
  ): void => {
    if (line.isBroken) return;
    line.isBroken = true;
    lines.delete(line);
    for (const socket of [line.client, line.server]) socket.pause();
    const shutBoth = (): void => {
      shut(line.client, how);
      if (how !== 'hang') shut(line.server, how);
    };
    if (last) last.sink.write(last.bytes, shutBoth);
    else shutBoth();
  };

  /** How many of these bytes still pass before the cut that is due within them; null where none is. */
  const untilCut = (from: 'client' | 'server', bytes: Buffer): number | null => {
    const [next] = planned;
    if (!next) return null;
    const { afterBytes, ofAnswer } = next;
    if (from === 'client') {
      sent += bytes.length;
      const over = sent - afterBytes;
      return ofAnswer === undefined && over >= 0 ? bytes.length - over : null;
    }
    if (ofAnswer === undefined || sent < Math.max(1, afterBytes) || isInterim(bytes)) return null;
    answered += bytes.length;
    const over = answered - ofAnswer;
    return over >= 0 ? bytes.length - over : null;
  };

  const forward = (line: Line, from: 'client' | 'server'): void => {
    const [source, sink] =
      from === 'client' ? [line.client, line.server] : [line.server, line.client];
    source.on('data', (bytes: Buffer) => {
      if (line.isBroken) return;
      const left = untilCut(from, bytes);
      const passed = left === null ? bytes : bytes.subarray(0, left);
      counters[from === 'client' ? 'clientBytes' : 'serverBytes'] += passed.length;
      if (left === null) {
        if (sink.write(passed)) return;
        source.pause();
        sink.once('drain', () => !isStalled && !line.isBroken && source.resume());
        return;
      }
      const how = planned.shift()?.how ?? 'reset';
      [sent, answered] = [0, 0];
      counters.cuts += 1;
      breakOff(line, how, { sink, bytes: passed });
    });
    source.on('end', () => sink.end());
    source.on('error', () => breakOff(line, 'reset'));
    source.on('close', () => {
      lines.delete(line);
      sockets.delete(source);
    });
  };

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    counters.connections += 1;
    const server = connect({
      host: to.hostname,
      port: Number(to.port),
      allowHalfOpen: true,
    });
    const line: Line = { client, server, isBroken: false };
    lines.add(line);
    for (const socket of [client, server]) sockets.add(socket.setNoDelay(true));
    forward(line, 'client');
    forward(line, 'server');
    if (isStalled) for (const socket of [client, server]) socket.pause();
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject).listen(0, '127.0.0.1', resolve);
  });

  const each = (act: (line: Line) => void): void => [...lines].forEach(act);
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    counters,
    plan: (...cuts) => void planned.push(...cuts),
    cutAfter: (afterBytes, how = 'reset') => void planned.push({ afterBytes, how }),
    loseAnswer: () => void planned.push({ afterBytes: 0, ofAnswer: 0, how: 'reset' }),
    stall: () => {
      isStalled = true;
      each(({ client, server }) => [client, server].forEach((socket) => socket.pause()));
    },
    cutAll: () => each((line) => breakOff(line, 'reset')),
    restore: () => {
      isStalled = false;
      planned = [];
      [sent, answered] = [0, 0];
      each(({ client, server }) => [client, server].forEach((socket) => socket.resume()));
    },
    aim: (url) => {
      to = new URL(url);
    },
    close: () => {
      // Closed before already, where the story did it.
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      sockets.forEach((socket) => socket.destroy());
      return closed;
    },
  };
  afterFile(() => proxy.close());
  return proxy;
};
