/** What was stored on one day. */
export interface StoredDay {
  /** `2026-11-20`, in UTC. */
  readonly day: string;
  readonly count: number;
  readonly bytes: number;
}

export const outlooks = ['unknown', 'steady', 'filling', 'full', 'unbounded'] as const;
export type Outlook = (typeof outlooks)[number];

export interface Forecast {
  readonly outlook: Outlook;
  readonly daysLeft: number | null;
  readonly bytesPerDay: number | null;
  readonly basedOnDays: number | null;
}

/** An object store has no volume that could fill up. */
export const unbounded: Forecast = {
  outlook: 'unbounded',
  daysLeft: null,
  bytesPerDay: null,
  basedOnDays: null,
};

const dayMs = 86_400_000;

/** So far back is looked: two weeks hold the weekends in their proportion. */
export const lookBackDays = 14;
/** With fewer whole days than these nothing can be said. */
const leastDays = 3;
/** Nobody plans further ahead, and the pace will not last so long either. */
const farDays = 3650;

export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** The days before this moment's day and that day itself, oldest first. */
export const daysUntil = (now: Date, before: number): readonly string[] =>
  Array.from({ length: before + 1 }, (_, index) =>
    dayOf(new Date(now.getTime() - (before - index) * dayMs)),
  );

/**
 * How long the free space lasts at the pace of the last whole days. Deletions are not counted on: what will be deleted
 * nobody knows, and an early warning costs less than a late one.
 * @param free bytes; null where it cannot be measured
 * @param reserve bytes that uploads leave free
 * @param days what was stored, with or without today, which is not over and does not count
 * @param first when the oldest archive came; null where there is none
 */
export const forecast = (
  free: number | null,
  reserve: number,
  days: readonly StoredDay[],
  first: Date | null,
  now: Date,
): Forecast => {
  const unknown = { outlook: 'unknown', daysLeft: null, bytesPerDay: null, basedOnDays: null };
  if (free === null) return { ...unknown, outlook: 'unknown' };
  const room = Math.max(0, free - reserve);
  const whole = wholeDays(first, now);
  const basedOnDays = Math.min(lookBackDays, whole);
  if (basedOnDays < leastDays)
    return room === 0
      ? { ...unknown, outlook: 'full', daysLeft: 0 }
      : { ...unknown, outlook: 'unknown' };
  const counted = new Set(daysUntil(now, basedOnDays).slice(0, -1));
  const stored = days.reduce((sum, { day, bytes }) => sum + (counted.has(day) ? bytes : 0), 0);
  const bytesPerDay = Math.round(stored / basedOnDays);
  if (room === 0) return { outlook: 'full', daysLeft: 0, bytesPerDay, basedOnDays };
  const daysLeft = bytesPerDay === 0 ? Infinity : Math.floor(room / bytesPerDay);
  return daysLeft > farDays
    ? { outlook: 'steady', daysLeft: null, bytesPerDay, basedOnDays }
    : { outlook: 'filling', daysLeft, bytesPerDay, basedOnDays };
};

/** Days that were over and whole since the first archive: its own day and today are not. */
const wholeDays = (first: Date | null, now: Date): number =>
  first === null
    ? 0
    : Math.max(0, Math.round((Date.parse(dayOf(now)) - Date.parse(dayOf(first))) / dayMs) - 1);
