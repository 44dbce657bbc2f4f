import { answered, api, onInterruption } from '../../api/client.js';
import type { Failure } from '../../api/problem.js';
import type { SessionView } from '../../api/schema.js';
import { failureFrom } from '../state/loaded.svelte.js';

/** Who is signed in, as far as this page knows; the server decides. */
class Session {
  /** `undefined` until the first answer; null where nobody is signed in. */
  #view = $state.raw<SessionView | null | undefined>(undefined);
  #failure = $state.raw<Failure | null>(null);
  #hasExpired = $state(false);

  constructor() {
    onInterruption((interruption) => {
      if (interruption === 'second-factor') void this.load();
      else {
        if (this.#view) this.#hasExpired = true;
        this.#view = null;
      }
    });
  }

  get view(): SessionView | null | undefined {
    return this.#view;
  }
  /** Why it could not be found out. */
  get failure(): Failure | null {
    return this.#failure;
  }
  /** Whether a session ended under one's hands, so that the sign-in page can say so. */
  get hasExpired(): boolean {
    return this.#hasExpired;
  }
  get isAdmin(): boolean {
    return this.#view?.user.role === 'admin';
  }

  async load(): Promise<void> {
    this.#failure = null;
    try {
      this.begin(await answered(api.GET('/api/v1/auth/session')));
    } catch (cause) {
      // Nobody is signed in: the interruption told already.
      if (this.#view === null) return;
      this.#failure = failureFrom(cause);
    }
  }

  begin(view: SessionView): void {
    this.#view = view;
    this.#hasExpired = false;
  }

  async signOut(): Promise<void> {
    await answered(api.POST('/api/v1/auth/logout'));
    this.#view = null;
    this.#hasExpired = false;
  }
}

export const session = new Session();
