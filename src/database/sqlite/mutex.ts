/** First come, first served. */
export class Mutex {
  private isHeld = false;
  private readonly waiting: (() => void)[] = [];
  private readonly release = (): void => {
    const next = this.waiting.shift();
    if (next) next();
    else this.isHeld = false;
  };

  /** At once where nobody has it: a promise would cost as much as many a statement. @returns the release function */
  tryAcquire(): (() => void) | null {
    if (this.isHeld) return null;
    this.isHeld = true;
    return this.release;
  }

  /** Resolves to the release function, to be called once, after everybody before has released. */
  acquire(): Promise<() => void> {
    const release = this.tryAcquire();
    if (release) return Promise.resolve(release);
    return new Promise((resolve) => this.waiting.push(() => resolve(this.release)));
  }
}
