import { readlinkSync, readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { BlobDamaged, NotAStore, blobKey } from '../../src/storage/blob-store.js';
import type { BlobKey, BlobStore, Stored } from '../../src/storage/blob-store.js';
import { StorageUnavailable } from '../../src/errors/errors.js';
import { newId } from '../../src/secrets/secrets.js';
import { eventually } from '../support/eventually.js';

/** One empty store, and the two things that only its driver knows how to do to it from outside. */
export interface StoreUnderTest {
  readonly store: BlobStore;
  /** Another driver's view of the same bytes, as after a restart. */
  again(): BlobStore;
  /** Cuts a stored blob to so many bytes behind the store's back. */
  truncate(key: BlobKey, size: number): Promise<void>;
  /** Makes the store unreachable, as an unmounted volume is. */
  unmount(): Promise<void>;
  /** What the driver holds open; a leak shows as a longer list. */
  open(): string[];
}

const storeId = 'the store of these tests';

export const newKey = (): BlobKey => blobKey(newId());

/** Bytes of which no two places look alike. */
export const noise = (size: number): Buffer => {
  const bytes = Buffer.allocUnsafe(size);
  let state = 0x2545f491;
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
};

/** In pieces of uneven size, as a network hands them over. */
export const pieces = (bytes: Buffer): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 13) % 70_001)
        yield bytes.subarray(at, at + size);
    })(),
    { objectMode: false },
  );

export const store = async (to: BlobStore, bytes: Buffer, key = newKey()): Promise<BlobKey> => {
  const partial = await to.begin(key);
  await pipeline(pieces(bytes), partial.writable);
  await partial.commit(bytes.length);
  return key;
};

export const listed = async (of: BlobStore): Promise<Stored[]> => {
  const all: Stored[] = [];
  for await (const stored of of.list()) all.push(stored);
  return all;
};

/** Files that this process holds open. */
export const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith('/') && !target.startsWith('/proc') && !target.startsWith('/dev')
        ? [target]
        : [];
    } catch {
      return [];
    }
  });

/** What every driver of BlobStore promises. */
export const blobStoreContract = (create: () => Promise<StoreUnderTest>): void => {
  let under: StoreUnderTest;
  let heldBefore: string[];

  beforeEach(async () => {
    under = await create();
    await under.store.claim(storeId, true);
    heldBefore = under.open();
  });

  afterEach(() => eventually(() => expect(under.open().sort()).toEqual(heldBefore.sort())));

  describe('storing', () => {
    it.each([0, 1, 65_537, 3_000_001])('keeps %i bytes as they came', async (size) => {
      const bytes = noise(size);
      const key = await store(under.store, bytes);
      expect((await buffer(await under.store.open(key, size))).equals(bytes)).toBe(true);
      expect(await listed(under.store)).toEqual([{ kind: 'blob', key }]);
    });

    it('keeps many that come at once apart', async () => {
      const blobs = Array.from({ length: 8 }, (_, at) => noise(200_000 + at).subarray(at));
      const keys = await Promise.all(blobs.map((bytes) => store(under.store, bytes)));
      for (const [at, key] of keys.entries()) {
        const back = await buffer(await under.store.open(key, blobs[at]?.length ?? 0));
        expect(back.equals(blobs[at] ?? Buffer.of())).toBe(true);
      }
    });

    it('shows an uncommitted one as partial only, and never opens it', async () => {
      const key = newKey();
      const partial = await under.store.begin(key);
      await pipeline(pieces(noise(10)), partial.writable);
      expect(await listed(under.store)).toEqual([{ kind: 'partial', key }]);
      expect(await under.store.has(key)).toBe(false);
      await expect(under.store.open(key, 10)).rejects.toThrow(BlobDamaged);
      await partial.discard();
    });

    it('does not begin a key twice', async () => {
      const key = newKey();
      const partial = await under.store.begin(key);
      await expect(under.store.begin(key)).rejects.toThrow();
      await partial.discard();
    });

    it('leaves nothing of a discarded one, at whatever moment, also twice', async () => {
      const fresh = await under.store.begin(newKey());
      const written = await under.store.begin(newKey());
      await pipeline(pieces(noise(1_000_000)), written.writable);
      const underWay = await under.store.begin(newKey());
      underWay.writable.on('error', () => undefined);
      underWay.writable.write(noise(2_000_000));
      const broken = await under.store.begin(newKey());
      const source = pieces(noise(2_000_000));
      const copying = pipeline(source, broken.writable);
      source.destroy(new Error('the customer went away'));
      await expect(copying).rejects.toThrow('the customer went away');
      for (const partial of [fresh, written, underWay, broken]) {
        await partial.discard();
        await partial.discard();
      }
      expect(await listed(under.store)).toEqual([]);
    });
  });

  describe('going on with a partial one', () => {
    const bytes = noise(2_000_000);
    const append = async (to: BlobStore, key: BlobKey, from: number, until: number) => {
      const partial = await to.resume(key);
      expect(partial.size).toBe(from);
      await pipeline(pieces(bytes.subarray(from, until)), partial.writable);
      return partial;
    };

    it('appends, also after a restart, until it is committed whole', async () => {
      const key = newKey();
      expect(await under.store.sizeOfPartial(key)).toBe(0);
      await (await append(under.store, key, 0, 1)).keep();
      await (await append(under.store, key, 1, 700_001)).keep();
      const again = under.again();
      await again.claim(storeId, false);
      expect(await again.sizeOfPartial(key)).toBe(700_001);
      expect(await listed(again)).toEqual([{ kind: 'partial', key }]);
      await (await append(again, key, 700_001, bytes.length)).commit(bytes.length);
      expect(await again.sizeOfPartial(key)).toBe(0);
      expect((await buffer(await again.open(key, bytes.length))).equals(bytes)).toBe(true);
      expect(await listed(again)).toEqual([{ kind: 'blob', key }]);
    });

    it('never says that it holds more than can be read', async () => {
      const key = newKey();
      const partial = await under.store.resume(key);
      partial.writable.on('error', () => undefined);
      partial.writable.write(bytes);
      await partial.keep();
      const size = await under.store.sizeOfPartial(key);
      const held =
        size === 0 ? Buffer.of() : await buffer(await under.store.openPartial(key, size));
      expect(held.equals(bytes.subarray(0, size))).toBe(true);
      await expect(under.store.openPartial(key, size + 1)).rejects.toThrow(BlobDamaged);
    });

    it('is out of reach for who still has it open once it is taken over', async () => {
      const key = newKey();
      const late = await append(under.store, key, 0, 1000);
      await under.store.takeOver(key);
      const own = await under.store.resume(key);
      expect(own.size).toBe(1000);
      await pipeline(pieces(bytes.subarray(1000, 3000)), own.writable);
      await late.cut(10);
      await own.commit(3000);
      const held = await buffer(await under.store.open(key, 3000));
      expect(held.equals(bytes.subarray(0, 3000))).toBe(true);
      await under.store.takeOver(newKey());
      expect(await listed(under.store)).toEqual([{ kind: 'blob', key }]);
    });

    it('forgets what is cut off', async () => {
      const key = newKey();
      await (await append(under.store, key, 0, 900_000)).cut(600_000);
      expect(await under.store.sizeOfPartial(key)).toBe(600_000);
      await (await append(under.store, key, 600_000, 1_000_000)).keep();
      const held = await buffer(await under.store.openPartial(key, 1_000_000));
      expect(held.equals(bytes.subarray(0, 1_000_000))).toBe(true);
      await under.store.remove(key);
      expect(await listed(under.store)).toEqual([]);
    });

    it('does not commit one that is shorter than what was sent', async () => {
      const partial = await append(under.store, newKey(), 0, 1000);
      await expect(partial.commit(1001)).rejects.toThrow(StorageUnavailable);
      await partial.discard();
      expect(await listed(under.store)).toEqual([]);
    });
  });

  describe('reading', () => {
    const bytes = noise(1_500_000);
    let key: BlobKey;
    beforeEach(async () => {
      key = await store(under.store, bytes);
      heldBefore = under.open();
    });

    it.each([
      [0, 0],
      [0, 1_499_999],
      [1_499_999, 1_499_999],
      [524_287, 524_288],
      [700_000, 1_400_000],
    ])('gives bytes %i to %i, both inclusive', async (first, last) => {
      const back = await buffer(await under.store.open(key, bytes.length, { first, last }));
      expect(back.equals(bytes.subarray(first, last + 1))).toBe(true);
    });

    it('stays readable after a restart', async () => {
      const again = under.again();
      await again.claim(storeId, false);
      expect((await buffer(await again.open(key, bytes.length))).equals(bytes)).toBe(true);
    });

    it('says that a blob is damaged when it is missing or of another size', async () => {
      await expect(under.store.open(newKey(), 1)).rejects.toThrow(BlobDamaged);
      await expect(under.store.open(key, bytes.length + 1)).rejects.toThrow(BlobDamaged);
      await under.truncate(key, bytes.length - 1);
      await expect(under.store.open(key, bytes.length)).rejects.toThrow(BlobDamaged);
    });

    it('breaks off, and never just ends, when bytes go missing meanwhile', async () => {
      const reading = await under.store.open(key, bytes.length);
      await under.truncate(key, 600_000);
      // What was opened may be there whole still; only a short end would be a lie.
      const got: unknown = await buffer(reading).catch((cause: unknown) => cause);
      if (Buffer.isBuffer(got)) expect(got.equals(bytes)).toBe(true);
      else expect(got).toBeInstanceOf(BlobDamaged);
    });

    it('lets go of a download that nobody takes to its end', async () => {
      const reading = await under.store.open(key, bytes.length);
      for await (const _ of reading) break;
      if (!reading.closed) await new Promise((closed) => reading.once('close', closed));
    });
  });

  describe('removing', () => {
    it('removes the blob and its partial one, and takes absence for success', async () => {
      const key = await store(under.store, noise(10));
      const kept = await store(under.store, noise(10));
      const partial = await under.store.begin(key);
      partial.writable.on('error', () => undefined);
      expect(await under.store.has(key)).toBe(true);
      await under.store.remove(key);
      await under.store.remove(key);
      expect(await under.store.has(key)).toBe(false);
      expect(await listed(under.store)).toEqual([{ kind: 'blob', key: kept }]);
      await partial.discard();
    });
  });

  describe('belonging to one database', () => {
    it('refuses a claim with another id, and everything after it', async () => {
      const key = await store(under.store, noise(10));
      const stranger = under.again();
      await expect(stranger.claim('another database', true)).rejects.toThrow(NotAStore);
      await expect(stranger.claim('another database', false)).rejects.toThrow(StorageUnavailable);
      await expect(stranger.begin(newKey())).rejects.toThrow(StorageUnavailable);
      await expect(stranger.remove(key)).rejects.toThrow(StorageUnavailable);
      await expect(listed(stranger)).rejects.toThrow(StorageUnavailable);
      expect(await listed(under.store)).toEqual([{ kind: 'blob', key }]);
    });

    it('does nothing before it was claimed', async () => {
      const unclaimed = under.again();
      await expect(unclaimed.begin(newKey())).rejects.toThrow(StorageUnavailable);
      await expect(unclaimed.remove(newKey())).rejects.toThrow(StorageUnavailable);
      await expect(unclaimed.probe()).rejects.toThrow(StorageUnavailable);
    });

    it('notices that it is not there, takes nothing for deleted, and deletes nothing', async () => {
      const key = await store(under.store, noise(10));
      await under.unmount();
      await expect(under.store.open(key, 10)).rejects.toThrow(StorageUnavailable);
      await expect(under.store.has(key)).rejects.toThrow(StorageUnavailable);
      await expect(under.store.begin(newKey())).rejects.toThrow(StorageUnavailable);
      await expect(under.store.remove(key)).rejects.toThrow(StorageUnavailable);
      await expect(listed(under.store)).rejects.toThrow(StorageUnavailable);
      await expect(under.store.probe()).rejects.toThrow(StorageUnavailable);
      await expect(under.again().claim(storeId, false)).rejects.toThrow(StorageUnavailable);
    });
  });

  it('measures its space and probes itself without leaving anything', async () => {
    const space = await under.store.space();
    if (space) {
      expect(space.free).toBeGreaterThan(0);
      expect(space.total).toBeGreaterThanOrEqual(space.free);
    }
    await under.store.probe();
    expect(await listed(under.store)).toEqual([]);
  });
};
