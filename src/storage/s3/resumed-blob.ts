import { buffer } from 'node:stream/consumers';
import { StorageUnavailable } from '../../errors/errors.js';
import type { BlobKey, PartialBlob } from '../blob-store.js';
import type { Bucket } from './bucket.js';
import { PartSink } from './part-sink.js';
import type { Gathered } from './part-sink.js';
import { partBytes } from './parts.policy.js';
import { RemovedMeanwhile, translated } from './s3-errors.js';
import { segmentName } from './segments.policy.js';
import type { Segment } from './segments.policy.js';
import { assemble, deleteAll, dropUnfinished, heldOf } from './unfinished-store.js';
import type { Held } from './unfinished-store.js';

/**
 * A blob that comes in many requests, perhaps at several processes. The parts of a multipart upload cannot be read
 * before it is completed, but whoever goes on with it must hash what is there. So its pieces are objects of their own
 * (segments.policy.ts), and the store makes one of them at the end.
 */
export class ResumedBlob implements PartialBlob {
  readonly size: number;
  readonly writable: PartSink;
  private readonly turn: number;

  private constructor(
    private readonly bucket: Bucket,
    private readonly key: BlobKey,
    held: Held,
    /** A last segment that is too short to stay: it is written anew with what follows. */
    private readonly short: Segment | null,
    bytes: Buffer,
  ) {
    this.size = held.size;
    this.turn = held.highestTurn + 1;
    const from = held.size - bytes.length;
    this.writable = new PartSink(
      (part) => this.send(part),
      async (rest) => {
        // The end of a request: all that it brought is stored before its offset is told.
        if (rest.bytes.length > 0 && rest.offset + rest.bytes.length > held.size)
          await this.send(rest);
      },
      from,
    );
    this.writable.preload(bytes);
  }

  static async open(bucket: Bucket, key: BlobKey): Promise<ResumedBlob> {
    const held = await heldOf(bucket, key);
    const last = held.chain.at(-1);
    const short = last && last.size < partBytes(last.offset) ? last : null;
    const bytes = short
      ? await buffer((await bucket.get(short.name, { first: 0, last: short.size - 1 })).body)
      : Buffer.alloc(0);
    if (short && bytes.length !== short.size)
      throw new StorageUnavailable({ cause: new Error('a segment ended before its end') });
    return new ResumedBlob(bucket, key, held, short, bytes);
  }

  commit(size: number): Promise<void> {
    return translated(async () => {
      const held = await heldOf(this.bucket, this.key);
      if (held.size === 0) throw new RemovedMeanwhile();
      if (held.size !== size)
        throw new StorageUnavailable({ cause: new Error('less is stored than what was sent') });
      await assemble(this.bucket, this.key, held);
    });
  }

  async keep(): Promise<void> {
    this.writable.destroy();
    // Whoever goes on with it next must find all that will be there.
    await this.writable.settled();
  }

  async cut(size: number): Promise<void> {
    await this.keep();
    await translated(() => this.shorten(size));
  }

  async discard(): Promise<void> {
    await this.keep();
    await dropUnfinished(this.bucket, this.key).catch(() => undefined);
  }

  private async shorten(size: number): Promise<void> {
    const { bucket, key, turn } = this;
    const { chain, segments, highestTurn } = await heldOf(bucket, key);
    // Somebody took it over, and what is there is theirs.
    if (highestTurn > turn) return;
    const over = chain.find(({ offset, size: bytes }) => offset < size && size < offset + bytes);
    if (over) {
      const { body } = await bucket.get(over.name, { first: 0, last: size - over.offset - 1 });
      const bytes = await buffer(body);
      await bucket.put(segmentName(key, over.offset, turn), bytes);
    }
    const gone = segments.filter(
      ({ offset, turn: of }) => offset >= size || (offset === over?.offset && of < turn),
    );
    await deleteAll(
      bucket,
      gone.map(({ name }) => name),
    );
  }

  private async send({ offset, bytes }: Gathered): Promise<void> {
    const { bucket, key, turn, short } = this;
    await translated(async () => {
      await bucket.put(segmentName(key, offset, turn), bytes);
      if (offset === short?.offset) await bucket.delete(short.name);
    });
  }
}
