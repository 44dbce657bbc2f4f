import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ByteRange } from '../blob-store.js';
import type { Bucket, Opened } from './bucket.js';
import { objectSource } from './object-source.js';

const bytes = Buffer.from('0123456789');

/** A store whose answers end early, without an error, as one does that went wrong behind its own proxy. */
const short = (most: number) => {
  const asked: (ByteRange | null)[] = [];
  const opened = (range: ByteRange | null): Opened => {
    asked.push(range);
    const { first, last } = range ?? { first: 0, last: bytes.length - 1 };
    const some = bytes.subarray(first, Math.min(last + 1, first + most));
    return { body: Readable.from(some.length > 0 ? [some] : []), size: bytes.length, etag: '"e"' };
  };
  const bucket = {
    get: (_name: string, range: ByteRange | null) => Promise.resolve(opened(range)),
  };
  return { asked, opened, bucket: bucket as unknown as Bucket };
};

const readThrough = ({ bucket, opened }: ReturnType<typeof short>, range: ByteRange) =>
  buffer(
    objectSource(bucket, 'name', range, opened(range), () =>
      Promise.resolve(new Error('given up')),
    ),
  );

describe('an object whose answer ends early', () => {
  it('is asked for what is missing', async () => {
    const store = short(4);
    expect((await readThrough(store, { first: 1, last: 9 })).toString()).toBe('123456789');
    expect(store.asked).toEqual([
      { first: 1, last: 9 },
      { first: 5, last: 9 },
      { first: 9, last: 9 },
    ]);
  });

  it('is an error, and no short end, where nothing more comes', async () => {
    await expect(readThrough(short(0), { first: 0, last: 9 })).rejects.toThrow('given up');
  });
});
