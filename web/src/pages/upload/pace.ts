/** So far back is looked: long enough to be calm, short enough to tell of a change. */
const windowMs = 6_000;
/** Before that nothing can be said. */
const leastMs = 1_000;

/** How fast bytes go, from when how many had gone. */
export class Pace {
  #samples: { readonly atMs: number; readonly sent: number }[] = [];

  add(sent: number, atMs: number): void {
    const last = this.#samples.at(-1);
    // Less than before: the service had taken less than was thought.
    if (last && sent < last.sent) this.#samples = [];
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= windowMs);
    this.#samples.push({ atMs, sent });
  }

  forget(): void {
    this.#samples = [];
  }

  /** Bytes a second; null while it is too early to say. */
  get rate(): number | null {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < leastMs) return null;
    const rate = ((last.sent - first.sent) * 1000) / (last.atMs - first.atMs);
    return rate > 0 ? rate : null;
  }
}
