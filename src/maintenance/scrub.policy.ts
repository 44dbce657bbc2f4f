/** A pass over all blobs; kept in the database, so that a restart, or another replica, goes on where it was. */
export interface Round {
  readonly beganAtMs: number;
  /** Null while it goes on. */
  readonly endedAtMs: number | null;
  /** Number of the instance that works on it, or did last. */
  readonly instance: number;
  /** Key of the blob that was looked at last; empty at the beginning. */
  readonly after: string;
  /** Keys from here on are of a later time: they are of the next round. */
  readonly before: string;
  readonly archives: number;
  readonly bytes: number;
  readonly findings: number;
}

/** From beginning to beginning; one that takes longer is followed by the next at once. */
const roundEveryMs = 7 * 24 * 60 * 60 * 1000;

/** Finding a file costs a disk as much as reading so many bytes. */
export const leastBytes = 256 * 1024;

export const isDue = ({ beganAtMs, endedAtMs }: Round, now: Date): boolean =>
  endedAtMs !== null && now.getTime() - beganAtMs >= roundEveryMs;

/**
 * When the next bytes may be read, in milliseconds of the same clock. Time in which nothing was read is not caught up.
 * @param dueMs what this gave for the bytes before
 * @param rate bytes a second
 */
export const nextDueMs = (dueMs: number, nowMs: number, bytes: number, rate: number): number =>
  Math.max(dueMs, nowMs) + (1000 * bytes) / rate;
