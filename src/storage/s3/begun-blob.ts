import { StorageUnavailable } from '../../errors/errors.js';
import type { BlobKey, PartialBlob } from '../blob-store.js';
import type { Bucket, Multipart, Part } from './bucket.js';
import { PartSink } from './part-sink.js';
import type { Gathered } from './part-sink.js';
import { isUploadMissing, RemovedMeanwhile, translated } from './s3-errors.js';
import { beginMultipart, blobName, complete, endMultipart } from './unfinished-store.js';

/**
 * A blob that comes in one request: a multipart upload under its final name, which completing it makes appear. One that
 * fits into a single part is one request of its own at the end, and nothing is in the store before.
 */
export class BegunBlob implements PartialBlob {
  readonly size = 0;
  readonly writable: PartSink;
  private readonly parts: Part[] = [];
  private multipart: Promise<Multipart> | null = null;
  private rest: Buffer | null = null;
  private count = 0;
  private received = 0;
  private isOver = false;

  /** @param over called once, when nobody writes it any more */
  constructor(
    private readonly bucket: Bucket,
    private readonly key: BlobKey,
    private readonly over: () => void,
  ) {
    this.writable = new PartSink(
      (part) => this.send(part),
      async (rest) => {
        if (this.multipart && rest.bytes.length > 0) await this.send(rest);
        else this.rest = rest.bytes;
      },
    );
  }

  async commit(size: number): Promise<void> {
    const { rest, bucket, key } = this;
    const held = this.received + (this.multipart ? 0 : (rest?.length ?? 0));
    if (!this.writable.writableFinished || held !== size)
      throw new StorageUnavailable({ cause: new Error('less was stored than what was sent') });
    if (this.isOver) throw new RemovedMeanwhile();
    await translated(async () => {
      if (this.multipart) await complete(bucket, key, await this.multipart, this.parts, size);
      else await bucket.put(blobName(key), rest ?? Buffer.alloc(0));
    });
    this.end();
  }

  /** It cannot be gone on with: its parts cannot be read. */
  keep(): Promise<void> {
    return this.discard();
  }

  cut(): Promise<void> {
    return this.discard();
  }

  discard(): Promise<void> {
    return this.giveUp();
  }

  /** Somebody else removes it. Whoever feeds it must hear of that: nothing takes its bytes any more. */
  removed(): Promise<void> {
    return this.giveUp(new RemovedMeanwhile());
  }

  private async giveUp(cause?: Error): Promise<void> {
    this.writable.destroy(cause);
    if (this.isOver) return;
    this.end();
    // A part that is still on its way would stay behind.
    await this.writable.settled();
    const multipart = await this.multipart?.catch(() => null);
    // What cannot be removed just now the next sweep finds.
    if (multipart) await endMultipart(this.bucket, this.key, multipart).catch(() => undefined);
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.rest = null;
    this.over();
  }

  private async send({ bytes }: Gathered): Promise<void> {
    const number = (this.count += 1);
    await translated(async () => {
      this.multipart ??= beginMultipart(this.bucket, this.key);
      const multipart = await this.multipart;
      this.parts[number - 1] = await this.bucket
        .putPart(multipart, number, bytes)
        .catch((cause: unknown) => {
          throw isUploadMissing(cause) ? new RemovedMeanwhile({ cause }) : cause;
        });
    });
    this.received += bytes.length;
  }
}
