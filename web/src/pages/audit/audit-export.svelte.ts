import { answered, api } from '../../api/client.js';
import { Failure } from '../../api/problem.js';
import type { AuditEventView } from '../../api/schema.js';
import { failureFrom, isAbort } from '../../lib/state/loaded.svelte.js';
import type { AuditFile } from './audit-file.js';
import { queryOf } from './audit-filter.js';
import type { AuditFilter } from './audit-filter.js';

/** The most that the API gives at once. */
const pageLimit = 200;
/** Asked to wait longer than this, it is given up. */
const longestWaitSeconds = 120;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new DOMException('', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

const today = (): string => new Date().toISOString().slice(0, 10);

const save = (pieces: readonly Blob[], { type, ending }: AuditFile, day: string): void => {
  const url = URL.createObjectURL(new Blob([...pieces], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `logs-collector-audit-${day}.${ending}`;
  link.click();
  // The browser reads it after this turn; a minute is more than it needs.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

/** All events that fit a filter, fetched page by page into one file. Pages become blobs, which a browser may keep on disk. */
export class AuditExport {
  #count = $state(0);
  #under = $state.raw<AbortController | null>(null);

  /** How many events have come so far; how many there are, nobody says. */
  get count(): number {
    return this.#count;
  }
  get isUnderWay(): boolean {
    return this.#under !== null;
  }

  cancel(): void {
    this.#under?.abort();
    this.#under = null;
  }

  /** @returns how many events were saved; null where it was cancelled. @throws Failure */
  async run(file: AuditFile, filter: AuditFilter): Promise<number | null> {
    this.cancel();
    const under = (this.#under = new AbortController());
    this.#count = 0;
    try {
      const pieces = [new Blob([file.head])];
      let cursor: string | null = null;
      let count = 0;
      do {
        const page: Awaited<ReturnType<typeof this.page>> = await this.page(
          filter,
          cursor,
          under.signal,
        );
        pieces.push(new Blob(page.items.map((event) => file.line(event))));
        count += page.items.length;
        if (!under.signal.aborted) this.#count = count;
        cursor = page.nextCursor;
      } while (cursor !== null && !under.signal.aborted);
      if (under.signal.aborted) return null;
      save(pieces, file, today());
      return count;
    } catch (cause) {
      if (isAbort(cause) || under.signal.aborted) return null;
      throw failureFrom(cause);
    } finally {
      if (this.#under === under) this.#under = null;
    }
  }

  /** A page; where the service asks to go slower, it is waited for. */
  private async page(
    filter: AuditFilter,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly AuditEventView[]; readonly nextCursor: string | null }> {
    const query = { ...queryOf(filter), limit: pageLimit, ...(cursor && { cursor }) };
    for (;;) {
      try {
        return await answered(api.GET('/api/v1/audit-events', { params: { query }, signal }));
      } catch (cause) {
        const wait = cause instanceof Failure ? cause.retryAfterSeconds : null;
        if (wait === null || wait > longestWaitSeconds) throw cause;
        await pause(1000 * Math.max(1, wait), signal);
      }
    }
  }
}
