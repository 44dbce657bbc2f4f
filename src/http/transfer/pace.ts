import type { Socket } from 'node:net';

/**
 * Slowest average that is taken, in bytes a second over a whole window: far below any line that could deliver a log
 * archive, far above a client that only holds the connection.
 */
const minPaceBytes = 64;
const paceWindowMs = 60_000;

/**
 * Watches that bytes come: none for `idleSeconds`, or fewer than the minimum pace over a minute, and `stalled` is
 * called once. Time in which we do not read (`isWaiting`: a slow disk) is not the client's.
 * @returns the function that ends the watch
 */
export const watchPace = (
  socket: Socket,
  idleSeconds: number,
  isWaiting: () => boolean,
  stalled: () => void,
): (() => void) => {
  let last = { bytes: socket.bytesRead, at: Date.now() };
  let window = last;
  const look = (): void => {
    const now = { bytes: socket.bytesRead, at: Date.now() };
    if (isWaiting()) window = now;
    if (isWaiting() || now.bytes > last.bytes) last = now;
    const isIdle = now.at - last.at >= 1000 * idleSeconds;
    const isWindowOver = now.at - window.at >= paceWindowMs;
    const isSlow = isWindowOver && now.bytes - window.bytes < (minPaceBytes * paceWindowMs) / 1000;
    if (isWindowOver) window = now;
    if (!isIdle && !isSlow) return;
    clearInterval(timer);
    stalled();
  };
  const timer = setInterval(look, Math.min(1000, 250 * idleSeconds));
  return () => clearInterval(timer);
};
