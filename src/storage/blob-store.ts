import type { Readable, Writable } from 'node:stream';
import { DomainError } from '../errors/domain-error.js';

/** Name of a blob in the store: always an id of ours, never a text of the customer's. */
export type BlobKey = string & { readonly brand: 'BlobKey' };

const keyPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isBlobKey = (text: string): text is BlobKey => keyPattern.test(text);

/** @throws TypeError for anything that newId did not make */
export const blobKey = (id: string): BlobKey => {
  if (!isBlobKey(id)) throw new TypeError('not a blob key');
  return id;
};

/** First and last byte, both inclusive (RFC 9110, section 14.1.2). */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The store no longer holds what the record says. */
export class BlobDamaged extends DomainError {
  readonly code = 'archive-damaged';
  constructor() {
    super(
      'The stored bytes are not those that were sent; tell the operator, and ask for the file again.',
    );
  }
}

/** A folder that a new database must not take for its store; said to the operator, and stops the start. */
export class NotAStore extends Error {
  constructor(place: string) {
    super(
      `STORAGE_URL leads to ${place}, which holds other files or another database's archives; give it an empty folder of its own`,
    );
    this.name = 'NotAStore';
  }
}

/** A blob that is being written; it is in the store only after `commit`. */
export interface PartialBlob {
  /** Bytes that it held when it was opened: 0 for a new one. */
  readonly size: number;
  /** Appends the bytes. Ends when all of them were handed to the operating system. */
  readonly writable: Writable;
  /**
   * Makes the bytes durable under the key: fsync, rename, fsync of the folder.
   * Call it after the writable has finished.
   * @param size bytes that it held and that were handed to the writable, together
   * @throws StorageUnavailable where the store did not take all of them
   */
  commit(size: number): Promise<void>;
  /**
   * Lets go of it, to be gone on with. What the writable had taken when it finished is durable then: a client that is
   * told of it may forget it.
   */
  keep(): Promise<void>;
  /** Lets go of it with its first bytes only, durably. @param size at most what it holds */
  cut(size: number): Promise<void>;
  /** Removes what was written. May be called at any time, also twice. Never throws. */
  discard(): Promise<void>;
}

/** Something in the store: a blob, a partial one, or a file that is neither. */
export type Stored =
  | { readonly kind: 'blob'; readonly key: BlobKey }
  | { readonly kind: 'partial'; readonly key: BlobKey }
  | { readonly kind: 'foreign'; readonly name: string };

/** What the store says of a blob that it delivers by itself. */
export interface Delivery {
  readonly type: string;
  readonly disposition: string;
}

export interface Space {
  /** Bytes of the volume. */
  readonly total: number;
  /** Bytes that the service may still write. */
  readonly free: number;
}

/** Where the archives' bytes live. Drivers pass test/contracts/blob-store.contract.ts. */
export abstract class BlobStore {
  /** Begins a blob. @throws StorageUnavailable, StorageFull */
  abstract begin(key: BlobKey): Promise<PartialBlob>;
  /**
   * Goes on with a partial blob, or begins it where there is none. One at a time: its caller sees to that.
   * @throws StorageUnavailable, StorageFull
   */
  abstract resume(key: BlobKey): Promise<PartialBlob>;
  /** Keeps what somebody who still has it open writes into a partial blob out of it from now on. */
  abstract takeOver(key: BlobKey): Promise<void>;
  /** Bytes that a partial blob holds, never more than are there to be read; 0 where there is none. */
  abstract sizeOfPartial(key: BlobKey): Promise<number>;
  /** Streams the first bytes of a partial blob. @throws BlobDamaged where it holds fewer */
  abstract openPartial(key: BlobKey, size: number): Promise<Readable>;
  /**
   * Streams a blob, or the range of it; ends with BlobDamaged where bytes are missing.
   * @param size the bytes that the record says it has
   * @throws BlobDamaged where the store holds none, or one of another size
   */
  abstract open(key: BlobKey, size: number, range?: ByteRange): Promise<Readable>;
  /**
   * An address at which the store itself delivers the blob to whoever knows it, for moments only.
   * @returns null where this store delivers nothing by itself
   * @throws BlobDamaged as `open` does
   */
  deliver(_key: BlobKey, _size: number, _as: Delivery): Promise<string | null> {
    return Promise.resolve(null);
  }
  /** Makes a blob durable that is there already: a crash may have come between its name and the end of its commit. */
  abstract secure(key: BlobKey): Promise<void>;
  /** Whether the store holds a blob under this key, of whatever size. */
  abstract has(key: BlobKey): Promise<boolean>;
  /** Removes the blob and any partial one of this key; resolves when it is gone durably. Absence is success. */
  abstract remove(key: BlobKey): Promise<void>;
  /** Removes a file that is no blob of ours. */
  abstract removeForeign(name: string): Promise<void>;
  /** Everything in the store. */
  abstract list(): AsyncIterable<Stored>;
  /** @returns null where the store has no volume that could fill up, or none that it tells of */
  abstract space(): Promise<Space | null>;
  /**
   * Writes, reads and removes a few bytes.
   * @param believedMs where that costs money, an answer that is no older may be told again; by itself none
   * @throws StorageUnavailable, StorageFull
   */
  abstract probe(believedMs?: number): Promise<void>;
  /**
   * The same with whatever an upload may need besides. For whoever looks at an installation: it takes longer.
   * @throws StorageUnavailable, StorageFull
   */
  rehearse(): Promise<void> {
    return this.probe();
  }
  /**
   * Ties the store to one database, so that an unmounted volume or another database's store is noticed
   * instead of cleaned.
   * @param mayInitialise whether the database has registered no blob yet, so that an empty folder may become the store
   * @throws StorageUnavailable where the store is not the one of this id; NotAStore where it may be initialised and
   * is not empty
   */
  abstract claim(storeId: string, mayInitialise: boolean): Promise<void>;
}
