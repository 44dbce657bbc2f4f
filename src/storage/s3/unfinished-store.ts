import { fileOfBlob } from '../local-disk.js';
import type { BlobKey } from '../blob-store.js';
import type { Bucket, Multipart, Part } from './bucket.js';
import { isUploadMissing, RemovedMeanwhile } from './s3-errors.js';
import { chainOf, endOf, multipartName, partialFolderOf, unfinished } from './segments.policy.js';
import type { Segment } from './segments.policy.js';

/** What the store holds of one unfinished blob. */
export interface Held {
  readonly chain: readonly Segment[];
  /** Bytes of the chain. */
  readonly size: number;
  readonly highestTurn: number;
  readonly segments: readonly Segment[];
  readonly multiparts: readonly Multipart[];
}

const atOnce = 8;
/** A copy in one request may have so many bytes. */
const mostCopied = 5 * 1024 ** 3;

/** The same layout as on a disk, so that one can be copied to the other by any tool. */
export const blobName = (key: BlobKey): string => fileOfBlob(key);

const someAtOnce = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item, at: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) results[at] = await work(item, at);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
};

export const heldOf = async (bucket: Bucket, key: BlobKey): Promise<Held> => {
  const segments: Segment[] = [];
  const multiparts: Multipart[] = [];
  for await (const { name, size } of bucket.list(partialFolderOf(key))) {
    const found = unfinished(name, size);
    if (found?.kind === 'segment') segments.push(found);
    else if (found) multiparts.push({ name: blobName(key), id: found.uploadId });
  }
  const chain = chainOf(segments);
  const highestTurn = segments.reduce((highest, { turn }) => Math.max(highest, turn), 0);
  return { chain, size: endOf(chain), highestTurn, segments, multiparts };
};

export const deleteAll = async (bucket: Bucket, names: readonly string[]): Promise<void> => {
  await someAtOnce(names, (name) => bucket.delete(name));
};

/** Removes all that is unfinished of a blob, and nothing of a finished one. */
export const dropUnfinished = async (bucket: Bucket, key: BlobKey): Promise<void> => {
  const { segments, multiparts } = await heldOf(bucket, key);
  for (const multipart of multiparts) await endMultipart(bucket, key, multipart);
  await deleteAll(
    bucket,
    segments.map(({ name }) => name),
  );
};

export const beginMultipart = async (bucket: Bucket, key: BlobKey): Promise<Multipart> => {
  const multipart = await bucket.beginMultipart(blobName(key));
  try {
    await bucket.put(multipartName(key, multipart.id), Buffer.alloc(0));
    return multipart;
  } catch (cause) {
    await bucket.abort(multipart).catch(() => undefined);
    throw cause;
  }
};

/** Gives it up. The note of it goes last: a crash in between leaves what the next sweep finds. */
export const endMultipart = async (
  bucket: Bucket,
  key: BlobKey,
  multipart: Multipart,
): Promise<void> => {
  await bucket.abort(multipart);
  await bucket.delete(multipartName(key, multipart.id));
};

/** Makes the blob of its parts: from here on it is there, whole. @throws RemovedMeanwhile */
export const complete = async (
  bucket: Bucket,
  key: BlobKey,
  multipart: Multipart,
  parts: readonly Part[],
  size: number,
): Promise<void> => {
  await bucket.complete(multipart, parts).catch(async (cause: unknown) => {
    // The answer to the first try may have been lost: then the second finds no upload, and the blob.
    if (!isUploadMissing(cause)) throw cause;
    if ((await bucket.sizeOf(multipart.name)) !== size) throw new RemovedMeanwhile({ cause });
  });
  await bucket.delete(multipartName(key, multipart.id));
};

/** Makes the blob of its segments, by copies within the store: the bytes do not pass through here once more. */
export const assemble = async (bucket: Bucket, key: BlobKey, held: Held): Promise<void> => {
  const { chain, size, multiparts } = held;
  // Of a process that died right here.
  for (const multipart of multiparts) await endMultipart(bucket, key, multipart);
  const [only] = chain;
  if (only && chain.length === 1 && size <= mostCopied) {
    await bucket.copy(only.name, blobName(key));
  } else {
    const multipart = await beginMultipart(bucket, key);
    const parts = await someAtOnce(chain, ({ name }, at) =>
      bucket.copyPart(multipart, at + 1, name),
    );
    await complete(bucket, key, multipart, parts, size);
  }
  await dropUnfinished(bucket, key);
};
