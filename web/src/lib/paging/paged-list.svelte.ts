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
  #isRefreshing = $state(false);
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
  /** Whether what is shown is about to give way to another answer. */
  get isRefreshing(): boolean {
    return this.#isRefreshing;
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
    this.#isRefreshing = true;
    try {
      const page = await this.load(null, under.signal);
      if (under.signal.aborted) return;
      this.#pages = [page.items];
      this.#next = page.nextCursor;
      this.#state = { kind: 'ready', value: null };
    } catch (cause) {
      if (isAbort(cause) || under.signal.aborted) return;
      this.#state = { kind: 'failed', failure: failureFrom(cause) };
    } finally {
      if (!under.signal.aborted) this.#isRefreshing = false;
    }
  }

  /**
   * The same pages once more, for whoever comes back to them: all of them or none, so that nothing moves under the
   * reader. What fails is left as it is; a list of more pages than this is too long for it.
   */
  async renew(): Promise<void> {
    const most = 20;
    const count = this.#pages.length;
    if (count === 0 || count > most) return;
    this.#under.abort();
    const { signal } = (this.#under = new AbortController());
    this.#isLoadingMore = false;
    const pages: (readonly Item[])[] = [];
    let next: string | null = null;
    try {
      do {
        const page: Page<Item> = await this.load(next, signal);
        if (signal.aborted) return;
        pages.push(page.items);
        next = page.nextCursor;
      } while (next !== null && pages.length < count);
    } catch (cause) {
      if (!isAbort(cause)) failureFrom(cause);
      return;
    }
    this.#pages = pages;
    this.#next = next;
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
