import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newDigest } from '../../secrets/digest.js';
import { BlobStore } from '../blob-store.js';
import type { BlobKey, PartialBlob } from '../blob-store.js';
import { FreeSpace } from '../free-space.js';
import type { Owner } from './blob-owners.js';
import { BlobRegister } from './blob-register.service.js';
import type { Contents } from './blob-register.service.js';
import { Tombstones } from './tombstones.service.js';

export interface Derived extends Contents {
  readonly key: BlobKey;
}

export interface DerivedOptions {
  /** Ends the writing: a job passes its own. */
  readonly signal?: AbortSignal;
  /** Writes what the feature knows of it, in the transaction that records it. It may touch rows of the feature alone. */
  readonly keep?: (tx: EntityManager, blob: Derived) => Promise<void>;
}

/**
 * Writes what features derive from an archive into the store. It has a row before its first byte and its digest after
 * the last; a kill at any moment leaves either the blob with its row, or neither.
 */
@Injectable()
export class DerivedBlobs {
  constructor(
    private readonly register: BlobRegister,
    private readonly store: BlobStore,
    private readonly space: FreeSpace,
    private readonly tombstones: Tombstones,
  ) {}

  /**
   * Stores the bytes as the one blob that the owner has in this role; an earlier one goes.
   * @throws OwnerGone, WritingLost, StorageFull, StorageUnavailable, what the source throws, and the signal's reason
   */
  async write(
    owner: Owner,
    role: string,
    source: AsyncIterable<Uint8Array>,
    { signal, keep }: DerivedOptions = {},
  ): Promise<Derived> {
    const key = await this.register.announce(owner, role);
    let derived: Derived | null = null;
    try {
      derived = { key, ...(await this.bytes(key, source, signal)) };
      const made = derived;
      const replaced = await this.register.settle(owner, { ...made, role }, (tx) =>
        Promise.resolve(keep?.(tx, made)),
      );
      await this.tombstones.buryQuietly(replaced);
      return made;
    } catch (cause) {
      if (!(await this.register.abandon(key)) && derived) return derived;
      throw cause;
    }
  }

  private async bytes(
    key: BlobKey,
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<Contents> {
    const room = await this.space.reserve(null);
    const digest = newDigest();
    let size = 0;
    let partial: PartialBlob | null = null;
    try {
      partial = await this.store.begin(key);
      const measured = async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          size += chunk.length;
          digest.update(chunk);
          await room.use(chunk.length);
          yield chunk;
        }
      };
      const bytes = Readable.from(measured(source), { objectMode: false });
      await pipeline(bytes, partial.writable, signal ? { signal } : {});
      await partial.commit(size);
      return { size, sha256: digest.digest('hex') };
    } catch (cause) {
      await partial?.discard();
      // The pipeline tells only that it was aborted.
      signal?.throwIfAborted();
      throw cause;
    } finally {
      room.release();
    }
  }
}
