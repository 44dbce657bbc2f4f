import { answered, api } from '../../api/client.js';
import type { Failure } from '../../api/problem.js';
import type { OverviewView } from '../../api/schema.js';
import { link } from '../../lib/base/base.js';
import { session } from '../../lib/session/session.svelte.js';
import { failureFrom } from '../../lib/state/loaded.svelte.js';

/** Whether what is shown is what is. `asking`: no stream could be had, and the service is asked now and then instead. */
export type Line = 'connecting' | 'live' | 'broken' | 'asking' | 'database-down';

/** Without a stream the service is asked so often, and for a stream again too. */
const askEveryMs = 15_000;
/** The service sends a beat every fifteen seconds: after three without, the line is dead, whatever the browser says. */
const silentMs = 45_000;

/** The status board, live while the page is looked at. */
export class Board {
  #view = $state.raw<OverviewView | null>(null);
  #line = $state<Line>('connecting');
  #failure = $state.raw<Failure | null>(null);
  #events: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  get view(): OverviewView | null {
    return this.#view;
  }
  get line(): Line {
    return this.#line;
  }
  /** Why there is nothing to show at all. */
  get failure(): Failure | null {
    return this.#view === null ? this.#failure : null;
  }

  /** Begins to watch. @returns the function that ends it */
  begin(): () => void {
    const look = (): void => {
      // A tab that nobody sees keeps none of the browser's few connections.
      if (document.hidden) this.#close();
      else this.#open();
    };
    look();
    document.addEventListener('visibilitychange', look);
    window.addEventListener('online', look);
    return () => {
      this.#isOver = true;
      this.#close();
      document.removeEventListener('visibilitychange', look);
      window.removeEventListener('online', look);
    };
  }

  /** Asks once, and then again for a stream: also when somebody will not wait. */
  async ask(): Promise<void> {
    try {
      this.#show(await answered(api.GET('/api/v1/overview')), 'asking');
    } catch (cause) {
      this.#failure = failureFrom(cause);
      if (this.#line !== 'database-down') this.#line = 'broken';
    }
  }

  #open(): void {
    this.#close();
    if (this.#isOver) return;
    const events = (this.#events = new EventSource(link('/api/v1/overview/events')));
    this.#listenOn();
    events.addEventListener('overview', ({ data }: MessageEvent<string>) => {
      this.#listenOn();
      this.#show(JSON.parse(data) as OverviewView, 'live');
    });
    events.addEventListener('beat', () => this.#listenOn());
    events.addEventListener('unavailable', () => {
      this.#line = 'database-down';
      this.#listenOn();
    });
    events.addEventListener('ended', () => {
      this.#close();
      // Signed out, or signed in anew with another session: the answer tells, and leads to the sign-in page.
      void session.load().then(() => {
        if (session.view && !this.#isOver) this.#open();
      });
    });
    events.addEventListener('error', () => {
      if (this.#events !== events) return;
      if (this.#line === 'live' || this.#line === 'connecting') this.#line = 'broken';
      // Refused by an answer: the browser does not try again, and does not tell why.
      if (events.readyState === EventSource.CLOSED) this.#askInstead();
      else if (this.#view === null) void this.ask();
    });
  }

  #show(view: OverviewView, line: Line): void {
    this.#view = view;
    this.#failure = null;
    this.#line = line;
  }

  #askInstead(): void {
    this.#close();
    void this.ask().then(() => {
      if (!this.#isOver && !document.hidden) this.#after(askEveryMs);
    });
  }

  #listenOn(): void {
    this.#after(silentMs);
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), ms);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#events?.close();
    this.#events = null;
  }
}
