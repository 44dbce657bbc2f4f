import { Readable } from 'node:stream';
import { BlobDamaged } from '../blob-store.js';
import type { ByteRange } from '../blob-store.js';
import type { Bucket, Opened } from './bucket.js';

/** Lines break; so often in a row without a single byte is no line's fault. */
const mostFailures = 4;

/**
 * The bytes of an opened object. A line that breaks is taken up where it broke, as long as it is the same object still:
 * a download of an hour must not hang on one connection.
 * @param explain what a failure means, asked once: a missing object may be a missing store
 */
async function* bytesOf(
  bucket: Bucket,
  name: string,
  { first, last }: ByteRange,
  opened: Opened,
  explain: (cause: unknown) => Promise<Error>,
): AsyncIterable<Buffer> {
  let { body } = opened;
  let at = first;
  let failures = 0;
  try {
    for (;;)
      try {
        for await (const chunk of body) {
          const bytes = chunk as Buffer;
          at += bytes.length;
          failures = 0;
          // More than was asked for: it is not what the record tells of.
          if (at > last + 1) throw new BlobDamaged();
          yield bytes;
        }
        if (at === last + 1) return;
        throw new Error('the object ended before its end');
      } catch (cause) {
        if (cause instanceof BlobDamaged) throw cause;
        failures += 1;
        if (failures > mostFailures) throw await explain(cause);
        body.destroy();
        ({ body } = await bucket
          .get(name, { first: at, last }, opened.etag)
          .catch(async (again: unknown) => {
            throw await explain(again);
          }));
      }
  } finally {
    // The consumer may have gone away in the middle.
    body.destroy();
  }
}

/** Streams an opened object; too few bytes are an error, never a short end. */
export const objectSource = (...args: Parameters<typeof bytesOf>): Readable => {
  const source = Readable.from(bytesOf(...args), { objectMode: false, highWaterMark: 256 * 1024 });
  // A generator that never began has no `finally`: the connection would stay taken.
  source.once('close', () => args[3].body.destroy());
  return source;
};
