import type { Failure } from '../../api/problem.js';
import { failureFrom } from '../state/loaded.svelte.js';

/** A form on its way: one at a time, and what was said against it. */
export class Submission {
  #isUnderWay = $state(false);
  #failure = $state.raw<Failure | null>(null);

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }
  get failure(): Failure | null {
    return this.#failure;
  }

  /** What the service has against one field; null where it has nothing. */
  against(field: string): string | null {
    return this.#failure?.of(field) ?? null;
  }

  forget(): void {
    this.#failure = null;
  }

  /** Does the work unless it is being done already. Resolves to false where it failed; `failure` then says why. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.#isUnderWay) return false;
    this.#isUnderWay = true;
    this.#failure = null;
    try {
      await work();
      return true;
    } catch (cause) {
      this.#failure = failureFrom(cause);
      return false;
    } finally {
      this.#isUnderWay = false;
    }
  }
}
