import type { Failure } from '../../api/problem.js';
import { failureFrom, isAbort } from '../state/loaded.svelte.js';
import type { Loading } from '../state/loaded.svelte.js';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** A list that comes by pages. Each page is kept as it came: nothing is copied when the next one arrives. */
export class PagedList<Item> {
  #pages = $state.raw<readonly (readonly Item[])[]>([]);
  #state = $state.raw<Loading<null>>({ kind: 'loading' });
  #next = $state.raw<string | null>(null);
  #isLoadingMore = $state(false);
  #moreFailure = $state.raw<Failure | null>(null);
  #under = new AbortController();

  constructor(
    private readonly load: (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>,
  ) {}

  get state(): Loading<null> {
    return this.#state;
  }
  get pages(): readonly (readonly Item[])[] {
    return this.#pages;
  }
  get isEmpty(): boolean {
    return this.#pages.every((page) => page.length === 0);
  }
  get hasMore(): boolean {
    return this.#next !== null;
  }
  get isLoadingMore(): boolean {
    return this.#isLoadingMore;
  }
  get moreFailure(): Failure | null {
    return this.#moreFailure;
  }

  /**
   * From the beginning, for example with another filter. What is shown stays until the new page is there. It reads none
   * of its own state: an effect that loads would then run again with each answer, for ever.
   */
  async refresh(): Promise<void> {
    this.#under.abort();
    const under = (this.#under = new AbortController());
    this.#isLoadingMore = false;
    this.#moreFailure = null;
    try {
      const page = await this.load(null, under.signal);
      if (under.signal.aborted) return;
      this.#pages = [page.items];
      this.#next = page.nextCursor;
      this.#state = { kind: 'ready', value: null };
    } catch (cause) {
      if (isAbort(cause) || under.signal.aborted) return;
      this.#state = { kind: 'failed', failure: failureFrom(cause) };
    }
  }

  async more(): Promise<void> {
    if (this.#next === null || this.#isLoadingMore) return;
    const { signal } = this.#under;
    this.#isLoadingMore = true;
    this.#moreFailure = null;
    try {
      const page = await this.load(this.#next, signal);
      if (signal.aborted) return;
      this.#pages = [...this.#pages, page.items];
      this.#next = page.nextCursor;
    } catch (cause) {
      if (isAbort(cause) || signal.aborted) return;
      this.#moreFailure = failureFrom(cause);
    } finally {
      if (!signal.aborted) this.#isLoadingMore = false;
    }
  }
}
