import { writev } from 'node:fs';
import { Writable } from 'node:stream';

const writeBatch = (fd: number, batch: readonly Buffer[], position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    writev(fd, batch, position, (cause, written) => (cause ? reject(cause) : resolve(written)));
  });

/** Written at once; measured best between 256 KiB and 1 MiB. */
const batchBytes = 512 * 1024;
/** What a slow line brings is written after so long, full batch or not: a crash shall not take minutes of it. */
const lingerMs = 100;

/**
 * Appends to an open file in batches, one system call each: while one is written the next gathers. Each write is a way
 * to another thread and back, so that writing whatever has come, as `_writev` would, costs two and a half times as many.
 */
export class FileSink extends Writable {
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private linger: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();

  /** Resolves when no system call on the descriptor is under way any more, whatever came of it. */
  get settled(): Promise<void> {
    return this.writing.catch(() => undefined);
  }

  /** Where the next byte goes: what the system has taken, with what the file held before. */
  get written(): number {
    return this.position;
  }

  /** @param position where the first byte goes: the file's size */
  constructor(
    private readonly fd: number,
    private position = 0,
  ) {
    super({ highWaterMark: batchBytes, decodeStrings: true });
  }

  override _write(chunk: Buffer, _encoding: string, done: (cause?: Error) => void): void {
    this.gathered.push(chunk);
    this.gatheredBytes += chunk.length;
    if (this.gatheredBytes < batchBytes) {
      this.linger ??= setTimeout(() => this.flush(), lingerMs);
      done();
      return;
    }
    // Two batches at most: this one waits its turn, and only then more is taken.
    const before = this.writing;
    this.flush();
    before.then(() => done(), done);
  }

  override _final(done: (cause?: Error) => void): void {
    this.flush();
    this.writing.then(() => done(), done);
  }

  override _destroy(cause: Error | null, done: (cause?: Error | null) => void): void {
    this.take();
    done(cause);
  }

  private take(): Buffer[] {
    const batch = this.gathered;
    if (this.linger) clearTimeout(this.linger);
    this.linger = null;
    this.gathered = [];
    this.gatheredBytes = 0;
    return batch;
  }

  private flush(): void {
    const batch = this.take();
    if (batch.length === 0) return;
    this.writing = this.writing.then(() => this.writeAll(batch));
    // At once, and not only to whoever sends the next batch.
    this.writing.catch((cause: unknown) => this.destroy(cause as Error));
  }

  private async writeAll(batch: readonly Buffer[]): Promise<void> {
    let left = batch.filter(({ length }) => length > 0);
    while (left.length > 0 && !this.destroyed) {
      const written = await writeBatch(this.fd, left, this.position);
      this.position += written;
      left = after(left, written);
    }
  }
}

/** What is left of a batch: the system may write less than it was given. */
const after = (batch: readonly Buffer[], written: number): Buffer[] => {
  let skip = written;
  return batch.flatMap((buffer) => {
    const taken = Math.min(skip, buffer.length);
    skip -= taken;
    return taken === buffer.length ? [] : [buffer.subarray(taken)];
  });
};
