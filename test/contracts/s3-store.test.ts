import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { s3Address } from '../../src/config/s3-address.js';
import type { S3Address } from '../../src/config/s3-address.js';
import { StorageUnavailable } from '../../src/errors/errors.js';
import { BlobDamaged, NotAStore } from '../../src/storage/blob-store.js';
import type { BlobKey, BlobStore } from '../../src/storage/blob-store.js';
import { S3Store } from '../../src/storage/s3/s3-store.js';
import { blobName } from '../../src/storage/s3/unfinished-store.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { bucketName, startedS3 } from '../support/s3-server.js';
import type { S3Server } from '../support/s3-server.js';
import { blobStoreContract, listed, newKey, noise, pieces, store } from './blob-store.contract.js';

const MiB = 1024 ** 2;
const storeId = 'the store of these tests';

const addressOf = (url: string): S3Address => {
  const address = s3Address(url);
  if (!address) throw new Error(`${url} is none of S3`);
  return address;
};

describe('S3', () => {
  let server: S3Server;
  let prefixes = 0;
  beforeAll(async () => {
    server = await startedS3();
  });

  /** Each test has a prefix of its own. */
  const place = async (): Promise<{ address: S3Address; prefix: string }> => {
    await server.again();
    const prefix = `tests/${(prefixes += 1)}`;
    return { prefix, address: addressOf(server.storageUrl(prefix)) };
  };

  blobStoreContract(async () => {
    const { address, prefix } = await place();
    return {
      store: new S3Store(address),
      again: () => new S3Store(address),
      truncate: (key, size) => Promise.resolve(server.truncate(`${prefix}/${blobName(key)}`, size)),
      unmount: () => server.stop(),
      open: () => server.underWay(),
    };
  });

  describe('beyond what every store does', () => {
    const bytes = noise(20 * MiB + 1);
    let address: S3Address;
    let prefix: string;
    let s3: BlobStore;
    beforeEach(async () => {
      ({ address, prefix } = await place());
      s3 = new S3Store(address);
      await s3.claim(storeId, true);
      server.requests.length = 0;
    });
    const names = (): string[] =>
      server
        .objects()
        .filter((name) => name.startsWith(`${prefix}/`) && !name.includes('.store-'))
        .map((name) => name.slice(prefix.length + 1));
    const sent = (what: string): number =>
      server.requests.filter((request) => request.includes(what)).length;

    it('sends a small blob in one request, and a large one in parts while it comes', async () => {
      const small = await store(s3, bytes.subarray(0, 8 * MiB - 1));
      expect(server.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(1);
      expect(sent('uploads')).toBe(0);
      const large = await store(s3, bytes);
      expect(sent('partNumber')).toBe(3);
      expect(names()).toEqual([small, large].map(blobName).sort());
      expect(server.uploads()).toEqual([]);
      expect((await buffer(await s3.open(large, bytes.length))).equals(bytes)).toBe(true);
      const range = { first: 8 * MiB - 1, last: 16 * MiB };
      const back = await buffer(await s3.open(large, bytes.length, range));
      expect(back.equals(bytes.subarray(range.first, range.last + 1))).toBe(true);
    });

    it('leaves nothing of a large one that is given up, at the store either', async () => {
      const partial = await s3.begin(newKey());
      await pipeline(pieces(bytes), partial.writable);
      expect(server.uploads()).toHaveLength(1);
      await partial.discard();
      expect(server.uploads()).toEqual([]);
      expect(names()).toEqual([]);
    });

    it('finds and removes what a crash left of a large one', async () => {
      const key = newKey();
      const partial = await s3.begin(key);
      await pipeline(pieces(bytes), partial.writable);
      const later = new S3Store(address);
      await later.claim(storeId, false);
      expect(await listed(later)).toEqual([{ kind: 'partial', key }]);
      await later.remove(key);
      expect(server.uploads()).toEqual([]);
      expect(await listed(later)).toEqual([]);
      // The one that was thought dead does not bring it back.
      await expect(partial.commit(bytes.length)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await s3.has(key)).toBe(false);
      await partial.discard();
    });

    it('makes one blob of the segments of many requests, by copies within the store', async () => {
      const key = newKey();
      const ends = [1, 5 * MiB, 12 * MiB, 12 * MiB + 7, bytes.length];
      let at = 0;
      for (const end of ends) {
        const partial = await s3.resume(key);
        expect(partial.size).toBe(at);
        await pipeline(pieces(bytes.subarray(at, end)), partial.writable);
        // It is there as soon as the request has ended, for every process.
        const other = new S3Store(address);
        await other.claim(storeId, false);
        expect(await other.sizeOfPartial(key)).toBe(end);
        const held = await buffer(await other.openPartial(key, end));
        expect(held.equals(bytes.subarray(0, end))).toBe(true);
        at = end;
        if (end < bytes.length) await partial.keep();
        else await partial.commit(end);
      }
      expect(names()).toEqual([blobName(key)]);
      expect(server.uploads()).toEqual([]);
      expect((await buffer(await s3.open(key, bytes.length))).equals(bytes)).toBe(true);
    });

    it.each([0, 8 * MiB + 1000])(
      'is not disturbed by what a process that was taken for dead after %i bytes still writes',
      async (held) => {
        const key = newKey();
        const before = await s3.resume(key);
        await pipeline(pieces(bytes.subarray(0, held)), before.writable);
        await before.keep();
        const late = await s3.resume(key);
        await s3.takeOver(key);
        expect(await listed(s3)).toEqual(held === 0 ? [] : [{ kind: 'partial', key }]);
        await pipeline(pieces(Buffer.alloc(18 * MiB)), late.writable);
        const own = await s3.resume(key);
        expect(own.size).toBe(held);
        const there = held === 0 ? Buffer.of() : await buffer(await s3.openPartial(key, held));
        expect(there.equals(bytes.subarray(0, held))).toBe(true);
        await pipeline(pieces(bytes.subarray(held)), own.writable);
        await late.cut(held);
        await own.commit(bytes.length);
        expect((await buffer(await s3.open(key, bytes.length))).equals(bytes)).toBe(true);
        await s3.remove(key);
        expect(names()).toEqual([]);
      },
    );

    it('takes nothing for missing in a bucket that was emptied, and begins no new store in it', async () => {
      const key = await store(s3, bytes.subarray(0, 10));
      for (const name of server.objects())
        if (name.startsWith(`${prefix}/`)) server.removeObject(name);
      await expect(s3.has(key)).rejects.toThrow(StorageUnavailable);
      await expect(s3.open(key, 10)).rejects.toThrow(StorageUnavailable);
      await expect(s3.deliver(key, 10, { type: 'a/b', disposition: '' })).rejects.toThrow(
        StorageUnavailable,
      );
      await expect(s3.sizeOfPartial(key)).rejects.toThrow(StorageUnavailable);
      await expect(new S3Store(address).claim(storeId, false)).rejects.toThrow(StorageUnavailable);
    });

    it('becomes nobody’s store where something else lies below the prefix', async () => {
      await store(s3, bytes.subarray(0, 10));
      await expect(new S3Store(address).claim('another', true)).rejects.toThrow(NotAStore);
    });

    it('goes on where a line broke, to the store and from it', async () => {
      const proxy = await cuttingProxy(server.url);
      const endpoint = encodeURIComponent(proxy.url);
      const far = new S3Store(addressOf(`s3://${bucketName}/${prefix}?endpoint=${endpoint}`));
      await far.claim(storeId, false);
      const key = newKey();
      const partial = await far.begin(key);
      proxy.cutAfter(3 * MiB);
      await pipeline(pieces(bytes), partial.writable);
      await partial.commit(bytes.length);
      const read: Buffer[] = [];
      for await (const piece of await far.open(key, bytes.length)) {
        if (read.length % 20 === 0) proxy.cutAll();
        read.push(piece as Buffer);
      }
      expect(Buffer.concat(read).equals(bytes)).toBe(true);
      expect(proxy.counters.cuts).toBe(1);
      expect(sent(`GET /${bucketName}/${prefix}/${blobName(key)}`)).toBeGreaterThan(1);
    });

    it('gives the address of a blob that is there as recorded, and of no other', async () => {
      const key: BlobKey = await store(s3, bytes.subarray(0, 10));
      const as = {
        type: 'application/octet-stream',
        disposition: 'attachment; filename="a b.tgz"',
      };
      const answer = await fetch((await s3.deliver(key, 10, as)) ?? '');
      expect(answer.headers.get('content-disposition')).toBe(as.disposition);
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(0, 10))).toBe(true);
      await expect(s3.deliver(key, 11, as)).rejects.toThrow(BlobDamaged);
      await expect(s3.deliver(newKey(), 10, as)).rejects.toThrow(BlobDamaged);
    });
  });
});
