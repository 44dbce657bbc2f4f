import { unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { StorageUnavailable } from '../errors/errors.js';
import type { PartialBlob } from './blob-store.js';
import { FileSink } from './file-sink.js';

/** A partial blob: an open file that may still get its blob's name. */
export class PartialFile implements PartialBlob {
  readonly writable: FileSink;
  private closing: Promise<void> | null = null;

  /**
   * @param size bytes that it holds
   * @param isNew whether it was made for this upload, so that nobody else writes into it
   * @param nameBlob gives the file its blob's name, durably
   */
  constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    readonly size: number,
    private readonly isNew: boolean,
    private readonly nameBlob: () => Promise<void>,
  ) {
    this.writable = new FileSink(file.fd, size);
  }

  async commit(size: number): Promise<void> {
    const held = this.isNew ? this.writable.written : (await this.file.stat()).size;
    if (held !== size)
      throw new StorageUnavailable({
        cause: new Error('the file is shorter than what was sent'),
      });
    await this.durable(this.file.sync());
    // Its bytes are durable: nothing has to wait until it is closed.
    const closed = this.close();
    closed.catch(() => undefined);
    await this.nameBlob();
    await closed;
  }

  keep(): Promise<void> {
    return this.letGo();
  }

  cut(size: number): Promise<void> {
    return this.letGo(size);
  }

  async discard(): Promise<void> {
    await this.close().catch(() => undefined);
    await unlink(this.path).catch(() => undefined);
  }

  private async letGo(size?: number): Promise<void> {
    if (this.closing) return;
    this.writable.destroy();
    await this.writable.settled;
    try {
      if (size !== undefined) await this.file.truncate(size);
      await this.durable(this.file.datasync());
    } finally {
      await this.close();
    }
  }

  private durable(synced: Promise<void>): Promise<void> {
    return synced.catch(async (cause: unknown) => {
      // Trap: the kernel reports lost bytes once, and lets the next sync succeed. They must be sent again.
      await this.file.truncate(0);
      throw cause;
    });
  }

  private close(): Promise<void> {
    this.closing ??= (async () => {
      // A write may be under way on this descriptor: closing it now could write into another file.
      this.writable.destroy();
      await this.writable.settled;
      await this.file.close();
    })();
    return this.closing;
  }
}
