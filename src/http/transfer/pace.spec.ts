import type { Socket } from 'node:net';
import { watchPace } from './pace.js';

const idleSeconds = 10;

/** A line that brings so many bytes each second, for so long; tells after how many seconds it was called stalled. */
const stalledAfter = (
  seconds: number,
  bytesAt: (second: number) => number,
  isWaitingAt: (second: number) => boolean = () => false,
): number | null => {
  const socket = { bytesRead: 0 };
  let second = 0;
  const stalls: number[] = [];
  const end = watchPace(
    socket as Socket,
    idleSeconds,
    () => isWaitingAt(second),
    () => stalls.push(second),
  );
  for (second = 1; second <= seconds && stalls.length === 0; second += 1) {
    socket.bytesRead += bytesAt(second);
    jest.advanceTimersByTime(1000);
  }
  end();
  return stalls[0] ?? null;
};

describe('the pace of an upload', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('may be that of a bad line, for as long as it takes', () => {
    expect(stalledAfter(2 * 60 * 60, () => 2048)).toBeNull();
  });

  it('may pause for less than the idle timeout', () => {
    expect(stalledAfter(600, (second) => (second % 9 === 0 ? 20_000 : 0))).toBeNull();
  });

  it('ends with the idle timeout where nothing comes', () => {
    expect(stalledAfter(600, (second) => (second <= 5 ? 1000 : 0))).toBe(5 + idleSeconds);
  });

  it('ends after a minute of a byte now and then, which only holds the connection', () => {
    const after = stalledAfter(600, (second) => (second % 5 === 0 ? 1 : 0));
    expect(after).toBe(60);
  });

  it('is not judged while it is the disk that keeps us waiting', () => {
    expect(
      stalledAfter(
        600,
        () => 0,
        () => true,
      ),
    ).toBeNull();
    expect(
      stalledAfter(
        600,
        () => 0,
        (second) => second <= 100,
      ),
    ).toBe(100 + idleSeconds);
  });

  it('is judged no more once the watch has ended', () => {
    const stalled = jest.fn();
    const end = watchPace({ bytesRead: 0 } as Socket, idleSeconds, () => false, stalled);
    end();
    jest.advanceTimersByTime(600_000);
    expect(stalled).not.toHaveBeenCalled();
  });
});
