import { Config } from '../config/config.js';
import { StorageFull } from '../errors/errors.js';
import type { BlobStore } from './blob-store.js';
import { FreeSpace } from './free-space.js';

const MiB = 1024 ** 2;

/** A store that is nothing but its free space. */
const spaceOf = (free: number, reserve = 0) => {
  const volume = { free, measurements: 0 };
  const store = {
    space: () => {
      volume.measurements += 1;
      return Promise.resolve({ total: 1e12, free: volume.free });
    },
  } as Partial<BlobStore> as BlobStore;
  const config = Object.assign(new Config(), { MIN_FREE_BYTES: reserve });
  return { volume, space: new FreeSpace(store, config) };
};

describe('free space', () => {
  it('does not begin two uploads that only fit one after the other', async () => {
    const { space } = spaceOf(100);
    const begun = await Promise.allSettled([space.reserve(60), space.reserve(60)]);
    expect(begun.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(begun[1]).toMatchObject({ reason: expect.any(StorageFull) as unknown });
  });

  it('is given back when an upload ends, once', async () => {
    const { space } = spaceOf(100);
    const first = await space.reserve(60);
    first.release();
    first.release();
    const second = await space.reserve(100);
    await expect(space.reserve(1)).rejects.toThrow(StorageFull);
    second.release();
    expect(await space.available()).toBe(100);
  });

  it('keeps MIN_FREE_BYTES out of reach', async () => {
    const { space } = spaceOf(100, 30);
    expect(await space.available()).toBe(70);
    await expect(space.reserve(71)).rejects.toThrow(StorageFull);
    await space.reserve(70);
    expect(await space.available()).toBe(0);
  });

  it('counts what an upload wrote once only', async () => {
    const { space } = spaceOf(100);
    const upload = await space.reserve(60);
    expect(upload.use(40)).toBeNull();
    expect(await space.available()).toBe(40);
    upload.release();
    expect(await space.available()).toBe(60);
  });

  it('grows with a body of unknown length and says when there is no room for more', async () => {
    const { space, volume } = spaceOf(40 * MiB);
    const upload = await space.reserve(null);
    expect(await space.available()).toBe(24 * MiB);
    const write = async (bytes: number) => {
      volume.free -= bytes;
      await upload.use(bytes);
    };
    await write(16 * MiB);
    expect(await space.available()).toBe(8 * MiB);
    await expect(write(16 * MiB)).rejects.toThrow(StorageFull);
    upload.release();
    expect(await space.available()).toBe(8 * MiB);
  });

  it('measures anew before it refuses', async () => {
    const { space, volume } = spaceOf(10);
    expect(await space.available()).toBe(10);
    volume.free = 1000;
    await space.reserve(500);
    expect(volume.measurements).toBe(2);
  });

  it('measures once for all who ask at the same time, and not for each upload', async () => {
    const { space, volume } = spaceOf(1000);
    await Promise.all(Array.from({ length: 50 }, () => space.reserve(1)));
    expect(volume.measurements).toBe(1);
  });

  it('is not made smaller by a failed measurement', async () => {
    const { space, volume } = spaceOf(100);
    const broken = jest.spyOn(space as unknown as { measure: () => Promise<void> }, 'measure');
    broken.mockRejectedValueOnce(new Error('the volume is away'));
    await expect(space.reserve(60)).rejects.toThrow('the volume is away');
    await space.reserve(100);
    expect(volume.measurements).toBe(1);
  });
});
