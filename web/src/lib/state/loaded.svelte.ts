import { Failure } from '../../api/problem.js';

export type Loading<Value> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: Value }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** A failure of a call as it is; whatever else was thrown is a defect of ours and goes on. */
export const failureFrom = (cause: unknown): Failure => {
  if (cause instanceof Failure) return cause;
  throw cause;
};

export const isAbort = (cause: unknown): boolean =>
  cause instanceof DOMException && cause.name === 'AbortError';

/** One thing from the API; PageState shows it in whichever state it is. */
export class Loaded<Value> {
  #state = $state.raw<Loading<Value>>({ kind: 'loading' });
  #under = new AbortController();

  constructor(private readonly load: (signal: AbortSignal) => Promise<Value>) {}

  get state(): Loading<Value> {
    return this.#state;
  }

  get value(): Value | null {
    return this.#state.kind === 'ready' ? this.#state.value : null;
  }

  /**
   * Loads it, or loads it again: what is shown stays until the new one is there. It reads none of its own state: an
   * effect that loads would then run again with each answer, for ever.
   */
  async refresh(): Promise<void> {
    this.#under.abort();
    const under = (this.#under = new AbortController());
    try {
      const value = await this.load(under.signal);
      if (!under.signal.aborted) this.#state = { kind: 'ready', value };
    } catch (cause) {
      if (isAbort(cause) || under.signal.aborted) return;
      this.#state = { kind: 'failed', failure: failureFrom(cause) };
    }
  }

  /** What an answer to a change already told. */
  set(value: Value): void {
    this.#state = { kind: 'ready', value };
  }
}
