const windowMs = 60_000;

interface Window {
  tries: number;
  /** Of these, those that are not in the database yet. */
  unsaved: number;
  endsAtMs: number;
}

/** Tries in one window that are to be saved. */
export interface UnsavedTries {
  readonly subject: string;
  readonly tries: number;
  readonly endsAt: Date;
}

/** A window as the database has it. */
export type SavedWindow = UnsavedTries;

/** How often each source tried in its current minute, in memory. Bounded: the oldest windows go first. */
export class TryWindows {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly most = 100_000) {}

  private current(subject: string, nowMs: number): Window | null {
    const window = this.windows.get(subject);
    return window && window.endsAtMs > nowMs ? window : null;
  }

  /** Milliseconds until the source is heard again; 0 where it tried fewer than `limit` times. */
  waitMs(subject: string, limit: number, now: Date): number {
    const window = this.current(subject, now.getTime());
    return window && window.tries >= limit ? window.endsAtMs - now.getTime() : 0;
  }

  count(subject: string, now: Date): void {
    const window = this.current(subject, now.getTime());
    if (window) {
      window.tries += 1;
      window.unsaved += 1;
    } else this.put(subject, { tries: 1, unsaved: 1, endsAtMs: now.getTime() + windowMs });
  }

  /** What was counted since it was last saved, in one order for all replicas; windows that are over do not matter. */
  unsaved(now: Date): readonly UnsavedTries[] {
    return [...this.windows]
      .filter(([, { unsaved, endsAtMs }]) => unsaved > 0 && endsAtMs > now.getTime())
      .map(([subject, { unsaved: tries, endsAtMs }]) => ({
        subject,
        tries,
        endsAt: new Date(endsAtMs),
      }))
      .sort((one, other) => (one.subject < other.subject ? -1 : 1));
  }

  /**
   * Takes over what the database has, which other replicas add to as well.
   * @param added tries of ours that are in it by now
   */
  saved({ subject, tries, endsAt }: SavedWindow, added = 0): void {
    const unsaved = Math.max(0, (this.windows.get(subject)?.unsaved ?? 0) - added);
    this.put(subject, { tries: tries + unsaved, unsaved, endsAtMs: endsAt.getTime() });
  }

  private put(subject: string, window: Window): void {
    this.windows.delete(subject);
    this.windows.set(subject, window);
    const [oldest] = this.windows.keys();
    if (this.windows.size > this.most && oldest !== undefined) this.windows.delete(oldest);
  }
}
