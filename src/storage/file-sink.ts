import { writev } from 'node:fs';
import { Writable } from 'node:stream';

const writeBatch = (fd: number, batch: readonly Buffer[], position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    writev(fd, batch, position, (cause, written) => (cause ? reject(cause) : resolve(written)));
  });

/** While one batch is written the next gathers up to this; measured best between 256 KiB and 1 MiB. */
const batchBytes = 512 * 1024;

/** Appends to an open file in batches, one system call each. */
export class FileSink extends Writable {
  private writing: Promise<void> = Promise.resolve();

  /** Resolves when no system call on the descriptor is under way any more, whatever came of it. */
  get settled(): Promise<void> {
    return this.writing.catch(() => undefined);
  }

  /** @param position where the first byte goes: the file's size */
  constructor(
    private readonly fd: number,
    private position = 0,
  ) {
    super({ highWaterMark: batchBytes, decodeStrings: true });
  }

  override _write(chunk: Buffer, _encoding: string, done: (cause?: Error) => void): void {
    this.append([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (cause?: Error) => void): void {
    this.append(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  private append(batch: readonly Buffer[], done: (cause?: Error) => void): void {
    this.writing = this.writeAll(batch);
    this.writing.then(() => done(), done);
  }

  private async writeAll(batch: readonly Buffer[]): Promise<void> {
    let left = batch.filter(({ length }) => length > 0);
    while (left.length > 0) {
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
