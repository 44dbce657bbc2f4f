import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { BlobDamaged } from './blob-store.js';
import type { ByteRange } from './blob-store.js';

const readBytes = 512 * 1024;

/** Streams a range of an open file and closes it; a file that ends too early is an error, never a short end. */
export class FileSource extends Readable {
  private position: number;

  constructor(
    private readonly file: FileHandle,
    private readonly range: ByteRange,
  ) {
    super({ highWaterMark: readBytes });
    this.position = range.first;
  }

  override _read(): void {
    const wanted = Math.min(readBytes, this.range.last - this.position + 1);
    if (wanted <= 0) {
      this.push(null);
      return;
    }
    // allocUnsafeSlow: a buffer of its own, since the consumer may keep it beyond this call.
    this.file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, this.position).then(
      ({ bytesRead, buffer }) => {
        this.position += bytesRead;
        if (bytesRead === 0) this.destroy(new BlobDamaged());
        else this.push(buffer.subarray(0, bytesRead));
      },
      (cause: unknown) => this.destroy(cause as Error),
    );
  }

  override _destroy(cause: Error | null, done: (cause?: Error | null) => void): void {
    this.file.close().then(
      () => done(cause),
      () => done(cause),
    );
  }
}
