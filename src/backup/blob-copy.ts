import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newDigest } from '../secrets/digest.js';
import type { Digest } from '../secrets/digest.js';
import { BlobDamaged } from '../storage/blob-store.js';
import type { BlobKey, BlobStore } from '../storage/blob-store.js';
import { digested } from './durable-file.js';

/** What the register says of a file. */
export interface Recorded {
  readonly key: BlobKey;
  readonly size: number;
  readonly sha256: string;
}

/** Small files wait for the disk to sync, not for a processor. */
const atOnce = 4;

/**
 * Copies one blob from store to store, hashing on the way; durable when it resolves with 'copied'.
 * @returns 'damaged' where the source has it not, or not with the row's size and hash: then there is no copy
 * @throws what the target refuses, and StorageUnavailable where the source is not there at all
 */
export const copyBlob = async (
  from: BlobStore,
  to: BlobStore,
  { key, size, sha256 }: Recorded,
  signal: AbortSignal,
): Promise<'copied' | 'damaged'> => {
  const source = await from.open(key, size).catch((cause: unknown) => ifOneOnly(from, key, cause));
  if (source === 'damaged') return source;
  const partial = await to.begin(key).catch((cause: unknown) => {
    source.destroy();
    throw cause;
  });
  const digest = newDigest();
  try {
    await pipeline(readable(source, digest), partial.writable, { signal });
    if (digest.digest('hex') !== sha256) {
      await partial.discard();
      return 'damaged';
    }
    await partial.commit(size);
    return 'copied';
  } catch (cause) {
    await partial.discard();
    if (cause instanceof Unreadable) return ifOneOnly(from, key, cause.cause);
    throw cause;
  }
};

/** The source failed, and not the target: a pipeline ends all its streams with the same error. */
class Unreadable extends Error {}

async function* readable(source: Readable, digest: Digest): AsyncIterable<Buffer> {
  try {
    yield* digested(digest)(source);
  } catch (cause) {
    throw new Unreadable('unreadable', { cause });
  }
}

/** A store that answers, and one file that cannot be read: a bad sector must not end the run. */
const ifOneOnly = async (from: BlobStore, key: BlobKey, cause: unknown): Promise<'damaged'> => {
  if (!(cause instanceof BlobDamaged)) await from.has(key);
  return 'damaged';
};

/** Whether the store holds it with the row's size; and, where asked for, with its hash. */
export const holds = async (
  store: BlobStore,
  { key, size, sha256 }: Recorded,
  rehash: boolean,
): Promise<boolean> => {
  try {
    const source = await store.open(key, size);
    if (!rehash) {
      source.destroy();
      return true;
    }
    const digest = newDigest();
    for await (const chunk of source) digest.update(chunk as Buffer);
    return digest.digest('hex') === sha256;
  } catch (cause) {
    if (!(cause instanceof BlobDamaged)) await store.has(key);
    return false;
  }
};

/** Some at once. The first failure ends the others, and it throws when none is at work any more. */
export const someAtOnce = async <Item>(
  items: AsyncIterable<Item>,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const iterator = items[Symbol.asyncIterator]();
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const worker = async (): Promise<void> => {
    for (;;) {
      either.throwIfAborted();
      const next = await iterator.next();
      if (next.done === true) return;
      await work(next.value, either);
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((cause: unknown) => {
      failed.abort(cause);
      throw cause;
    }),
  );
  const ended = await Promise.allSettled(workers);
  await iterator.return?.();
  signal.throwIfAborted();
  if (ended.some(({ status }) => status === 'rejected')) throw failed.signal.reason;
};
