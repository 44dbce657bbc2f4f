import { Readable } from 'node:stream';
import { StorageUnavailable } from '../../errors/errors.js';
import { newId } from '../../secrets/secrets.js';
import { BlobDamaged, BlobStore, NotAStore, isBlobKey } from '../blob-store.js';
import type { BlobKey, ByteRange, Delivery, PartialBlob, Space, Stored } from '../blob-store.js';
import { storeMarker } from '../store-marker.js';
import { BegunBlob } from './begun-blob.js';
import { Bucket } from './bucket.js';
import { objectSource } from './object-source.js';
import { ResumedBlob } from './resumed-blob.js';
import {
  copiesNoParts,
  isMissing,
  isOther,
  isRefusal,
  s3Problem,
  translated,
} from './s3-errors.js';
import type { S3Address } from '../../config/s3-address.js';
import { partialFolder, segmentName, unfinished } from './segments.policy.js';
import type { Unfinished } from './segments.policy.js';
import { blobName, dropUnfinished, heldOf } from './unfinished-store.js';

/** As on a disk; there a folder, which no object store has. */
const markerPrefix = storeMarker('');
const probePrefix = `${partialFolder}probe-`;
/** What is of this moment only; by the store's clock, which may be another one than ours. */
const momentMs = 3_600_000;
/** Of an upload that was taken over before it had a byte. */
const isMark = (found: Unfinished | null): boolean => found?.kind === 'segment' && found.size === 0;
/** A download must only begin within it; nobody else should find the address of use. */
const signedSeconds = 60;

/**
 * Blobs as objects: `<prefix>ab/cd/<key>` as on a disk, unfinished ones below `<prefix>partial/`. An object is there
 * whole or not at all, and durable as soon as the store has answered.
 */
export class S3Store extends BlobStore {
  private readonly bucket: Bucket;
  private claimed: string | null = null;
  private workedAt = -Infinity;
  /** What this process writes by `begin`. The smaller ones are not in the store before they are whole. */
  private readonly begun = new Map<BlobKey, BegunBlob>();

  constructor(address: S3Address) {
    super();
    this.bucket = new Bucket(address);
  }

  begin(key: BlobKey): Promise<PartialBlob> {
    return translated(async () => {
      await this.assertOurs();
      // Only here: a key is newly made, and known to one process until its blob is there.
      if (this.begun.has(key)) throw new Error('this blob is being written already');
      const blob = new BegunBlob(this.bucket, key, () => this.begun.delete(key));
      this.begun.set(key, blob);
      return blob;
    });
  }

  resume(key: BlobKey): Promise<PartialBlob> {
    return translated(async () => {
      await this.assertOurs();
      return ResumedBlob.open(this.bucket, key);
    });
  }

  /**
   * A copy of the last segment with a turn of its own: what the other one appends from now on has a lower one, and does
   * not count. Where there is none yet, an empty one holds the turn.
   */
  takeOver(key: BlobKey): Promise<void> {
    return translated(async () => {
      await this.assertOurs();
      const { chain, highestTurn } = await heldOf(this.bucket, key);
      const last = chain.at(-1);
      // The other one may have had the next turn and not written yet.
      const name = segmentName(key, last?.offset ?? 0, highestTurn + 2);
      await (last ? this.bucket.copy(last.name, name) : this.bucket.put(name, Buffer.alloc(0)));
    });
  }

  sizeOfPartial(key: BlobKey): Promise<number> {
    return translated(async () => {
      // Nobody goes on with it: it is asked for to be shown. Of another process's nothing is known.
      const begun = this.begun.get(key);
      if (begun) return begun.writable.taken;
      const { size } = await heldOf(this.bucket, key);
      if (size === 0) await this.assertOurs();
      return size;
    });
  }

  openPartial(key: BlobKey, size: number): Promise<Readable> {
    return translated(async () => {
      await this.assertOurs();
      const held = await heldOf(this.bucket, key);
      if (held.size < size) throw new BlobDamaged();
      const read = this.read.bind(this);
      async function* bytes(): AsyncIterable<Buffer> {
        for (const { name, offset, size: whole } of held.chain) {
          if (offset >= size) return;
          const last = Math.min(whole, size - offset) - 1;
          yield* await read(name, whole, { first: 0, last });
        }
      }
      return Readable.from(bytes(), { objectMode: false });
    });
  }

  open(key: BlobKey, size: number, range?: ByteRange): Promise<Readable> {
    return translated(() => this.read(blobName(key), size, range ?? { first: 0, last: size - 1 }));
  }

  override deliver(key: BlobKey, size: number, as: Delivery): Promise<string> {
    return translated(async () => {
      const held = await this.bucket.sizeOf(blobName(key));
      if (held === null) await this.assertOurs();
      if (held !== size) throw new BlobDamaged();
      return this.bucket.signed(blobName(key), as, signedSeconds);
    });
  }

  /** What has its name here is durable. */
  secure(): Promise<void> {
    return translated(() => this.assertOurs());
  }

  has(key: BlobKey): Promise<boolean> {
    return translated(async () => {
      if ((await this.bucket.sizeOf(blobName(key))) !== null) return true;
      await this.assertOurs();
      return false;
    });
  }

  remove(key: BlobKey): Promise<void> {
    return translated(async () => {
      await this.assertOurs();
      await this.begun.get(key)?.removed();
      await this.bucket.delete(blobName(key));
      await dropUnfinished(this.bucket, key);
    });
  }

  removeForeign(name: string): Promise<void> {
    return translated(async () => {
      await this.assertOurs();
      if (name.startsWith(markerPrefix)) throw new TypeError('not a file');
      await this.bucket.delete(name);
    });
  }

  async *list(): AsyncIterable<Stored> {
    try {
      await this.assertOurs();
      const partial = new Set(this.begun.keys());
      for await (const { name, size, changedAt } of this.bucket.list('')) {
        const key = name.slice(name.lastIndexOf('/') + 1);
        if (isBlobKey(key) && name === blobName(key)) yield { kind: 'blob', key };
        else if (name.startsWith(markerPrefix)) continue;
        else {
          const found = unfinished(name, size);
          const isNew = Date.now() - changedAt.getTime() < momentMs;
          if (isNew && (name.startsWith(probePrefix) || isMark(found))) continue;
          if (found) partial.add(found.key);
          else yield { kind: 'foreign', name };
        }
      }
      for (const key of partial) yield { kind: 'partial', key };
    } catch (cause) {
      throw s3Problem(cause);
    }
  }

  /** It has as much as is paid for. */
  space(): Promise<Space | null> {
    return Promise.resolve(null);
  }

  probe(believedMs = 0): Promise<void> {
    if (performance.now() - this.workedAt < believedMs) return Promise.resolve();
    return translated(async () => {
      await this.assertOurs();
      const name = `${probePrefix}${newId()}`;
      try {
        await this.bucket.put(name, Buffer.from('probe'));
        if ((await this.bucket.sizeOf(name)) === null)
          throw new Error('what was written is not there');
      } finally {
        await this.bucket.delete(name);
      }
      this.workedAt = performance.now();
    });
  }

  /** A part that is an object already is what resumable uploads are made whole of, and what some stores lack. */
  override async rehearse(): Promise<void> {
    await this.probe();
    await translated(async () => {
      const [from, to] = [`${probePrefix}${newId()}`, `${probePrefix}${newId()}`];
      await this.bucket.put(from, Buffer.from('probe'));
      const multipart = await this.bucket.beginMultipart(to);
      try {
        const part = await this.bucket.copyPart(multipart, 1, from);
        await this.bucket.complete(multipart, [part]);
        if ((await this.bucket.sizeOf(to)) !== 5) throw new Error('the copy has another size');
      } catch (cause) {
        throw new StorageUnavailable({ cause: copiesNoParts(cause) });
      } finally {
        await this.bucket.abort(multipart).catch(() => undefined);
        await this.bucket.delete(to);
        await this.bucket.delete(from);
      }
    });
  }

  claim(storeId: string, mayInitialise: boolean): Promise<void> {
    this.claimed = storeId;
    return translated(async () => {
      if (mayInitialise) await this.initialise(storeId);
      await this.assertOurs();
    });
  }

  private async initialise(storeId: string): Promise<void> {
    const marker = storeMarker(storeId);
    if (await this.isThere(marker)) return;
    // Whatever is there is somebody's: the next sweep would take it for leftovers of ours.
    for await (const { name } of this.bucket.list(''))
      if (!name.startsWith(partialFolder)) throw new NotAStore(this.bucket.place);
    await this.bucket.put(marker, Buffer.from('Archives of a Logs Collector.\n'));
  }

  /** Looked at each time: a bucket may be emptied, or the name of its host lead to another, while the process lives. */
  private async assertOurs(): Promise<void> {
    const marker = storeMarker(this.claimed ?? '');
    if (this.claimed !== null && (await this.isThere(marker))) return;
    return this.blame(
      new StorageUnavailable({
        cause: new Error(`${this.bucket.place} is not this database's storage`),
      }),
    );
  }

  private async isThere(marker: string): Promise<boolean> {
    const size = await this.bucket.sizeOf(marker).catch((cause: unknown) => this.blame(cause));
    return size !== null;
  }

  /** The answer to a HEAD has no body: a list says which it is, a wrong key, a missing right or no such bucket. */
  private async blame(cause: unknown): Promise<never> {
    if (isRefusal(cause)) for await (const _ of this.bucket.list('')) break;
    throw cause;
  }

  /** @param size bytes of the whole object, as the record says */
  private async read(name: string, size: number, range: ByteRange): Promise<Readable> {
    // An empty object has no range.
    const opened = await this.bucket
      .get(name, size === 0 ? null : range)
      .catch(async (cause: unknown) => {
        throw await this.explain(cause);
      });
    if (opened.size === size)
      return objectSource(this.bucket, name, range, opened, (cause) => this.explain(cause));
    opened.body.destroy();
    throw new BlobDamaged();
  }

  /** A missing object is a lost one only in a store that is ours. */
  private async explain(cause: unknown): Promise<Error> {
    if (!isMissing(cause) && !isOther(cause)) return s3Problem(cause);
    return translated(() => this.assertOurs()).then(
      () => new BlobDamaged(),
      (away: unknown) => away as Error,
    );
  }
}
