export type LogEvent = Readonly<Record<string, unknown>> & { readonly event?: string };

/** JSON lines that a service wrote, kept for searching and waited for instead of slept for. */
export class Lines {
  private rest = '';
  private readonly kept: string[] = [];
  private readonly waiting = new Set<() => void>();

  write(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    this.kept.push(...lines);
    for (const look of this.waiting) look();
  }

  /** Everything, as it was written: for looking for what must not be there. */
  get text(): string {
    return [...this.kept, this.rest].join('\n');
  }

  events(name?: string): readonly LogEvent[] {
    return this.kept
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogEvent)
      .filter(({ event }) => name === undefined || event === name);
  }

  /** The first event of this name, also one that came before. */
  async event(name: string, timeoutMs = 60_000): Promise<LogEvent> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.waiting.delete(look);
      };
      const look = () => {
        const found = this.events(name)[0];
        if (!found) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`no event "${name}" within ${timeoutMs} ms; the log says:\n${this.text}`));
      }, timeoutMs);
      // Who stopped waiting for it, because something else came first, is not held up.
      timer.unref();
      this.waiting.add(look);
      look();
    });
  }
}
