import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { BlobDamaged } from './blob-store.js';
import type { ByteRange } from './blob-store.js';

const readBytes = 512 * 1024;

/**
 * Resolves when the system has taken the bytes. Where the client has left it stays pending, as the callback often does:
 * that is no fault of the file's, and the answer's `close` ends everything.
 */
const written = (answer: ServerResponse, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    answer.write(bytes, (cause) => {
      if (!cause) resolve();
    });
  });

/**
 * A range of an open file, which it closes; a file that ends too early is an error, never a short end. As a stream it
 * reads each chunk into memory of its own, which the consumer may keep.
 */
export class FileSource extends Readable {
  private position: number;

  constructor(
    private readonly file: FileHandle,
    private readonly range: ByteRange,
  ) {
    super({ highWaterMark: readBytes });
    this.position = range.first;
  }

  /**
   * Sends everything and ends the answer, instead of being read as a stream. Two buffers take turns, each filled again
   * only after the system has taken its bytes: fresh memory for each read costs as much as the read. No other kind of
   * Writable may be given: a Transform calls back while the chunk still waits at its other side.
   */
  sendTo(answer: ServerResponse): void {
    this.pump(answer).catch((cause: unknown) => this.destroy(cause as Error));
  }

  override _read(): void {
    const wanted = Math.min(readBytes, this.left);
    if (wanted <= 0) {
      this.push(null);
      return;
    }
    // allocUnsafeSlow: a buffer of its own, since the consumer may keep it beyond this call.
    this.readInto(Buffer.allocUnsafeSlow(wanted)).then(
      (bytes) => this.push(bytes),
      (cause: unknown) => this.destroy(cause as Error),
    );
  }

  override _destroy(cause: Error | null, done: (cause?: Error | null) => void): void {
    this.file.close().then(
      () => done(cause),
      () => done(cause),
    );
  }

  private get left(): number {
    return this.range.last - this.position + 1;
  }

  private async pump(answer: ServerResponse): Promise<void> {
    const size = Math.min(readBytes, this.left);
    let [filled, next] = [
      { buffer: Buffer.allocUnsafeSlow(size), taken: Promise.resolve() },
      {
        buffer: Buffer.allocUnsafeSlow(Math.min(size, this.left - size)),
        taken: Promise.resolve(),
      },
    ];
    while (this.left > 0) {
      await filled.taken;
      const bytes = await this.readInto(filled.buffer.subarray(0, this.left));
      filled.taken = written(answer, bytes);
      [filled, next] = [next, filled];
    }
    await Promise.all([filled.taken, next.taken]);
    answer.end();
  }

  /** @returns the part of it that was filled @throws BlobDamaged where there are no more bytes */
  private async readInto(buffer: Buffer): Promise<Buffer> {
    const { bytesRead } = await this.file.read(buffer, 0, buffer.length, this.position);
    if (bytesRead === 0) throw new BlobDamaged();
    this.position += bytesRead;
    return buffer.subarray(0, bytesRead);
  }
}

/** Sends a blob's bytes to an answer and ends it, by the shortest way that its source knows. */
export const sendBytes = (source: Readable, answer: ServerResponse): void => {
  if (source instanceof FileSource) source.sendTo(answer);
  else source.pipe(answer);
};
