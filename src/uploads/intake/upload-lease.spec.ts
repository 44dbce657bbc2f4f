import { Config } from '../../config/config.js';
import { StorageFull } from '../../errors/errors.js';
import { Draining } from '../../http/draining.js';
import { newId } from '../../secrets/secrets.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { FreeSpace } from '../../storage/free-space.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { begunNow } from '../records/new-upload.js';
import type { NewUpload } from '../records/new-upload.js';
import type { Failed } from '../records/upload-outcome.policy.js';
import type { UploadsService } from '../records/uploads.service.js';
import { TooManyUploads } from './intake.errors.js';
import type { UploadLease } from './upload-lease.js';
import { UploadLeases } from './upload-leases.service.js';

const free = 1_000;
const nothing = { filename: null, bytes: 0 };
const sender = { tokenId: 'a', address: '203.0.113.7' };
const token = { id: 'a' } as KnownToken;
const uploadOf = (bytes: number | null, key: string | null = null): NewUpload => ({
  ...begunNow(newId(), 'put', bytes),
  filename: null,
  idempotencyKey: key,
});

/** Attempts as the database counts them: whoever removes the row settles it. */
class Rows {
  readonly reserved = new Map<string, NewUpload>();
  readonly givenBack: string[] = [];
  outcome: Failed = 'undone';

  async reserve(_token: KnownToken, upload: NewUpload) {
    await Promise.resolve();
    const { id, idempotencyKey: key } = upload;
    const others = [...this.reserved.values()];
    if (key !== null && others.some(({ idempotencyKey }) => idempotencyKey === key)) return false;
    this.reserved.set(id, upload);
    return true;
  }

  async fail(_token: KnownToken, { id }: NewUpload): Promise<Failed> {
    await Promise.resolve();
    if (this.outcome === 'undone' && this.reserved.delete(id)) this.givenBack.push(id);
    return this.outcome;
  }

  async withdraw(by: KnownToken, upload: NewUpload): Promise<void> {
    await this.fail(by, upload);
  }
}

const house = (maxUploads = 4) => {
  const store = { space: () => Promise.resolve({ total: free, free }) } as Partial<BlobStore>;
  const config = Object.assign(new Config(), { MIN_FREE_BYTES: 0, MAX_UPLOADS: maxUploads });
  const space = new FreeSpace(store as BlobStore, config);
  const rows = new Rows();
  const uploads = rows as unknown as UploadsService;
  const leases = new UploadLeases(space, uploads, new Draining(), config);
  return { leases, rows, space };
};

describe('the lease of an upload', () => {
  it('gives slot, room and attempt back once, however often it is released and undone', async () => {
    const { leases, rows, space } = house(1);
    const lease = leases.acquire(sender);
    const upload = uploadOf(600);
    expect(await lease.reserve(token, upload)).toBe(true);
    expect(() => leases.acquire(sender)).toThrow(TooManyUploads);
    expect(await space.available()).toBe(400);

    const cause = new Error('broken');
    const ends = await Promise.all([lease.fail(nothing, cause), lease.fail(nothing, cause)]);
    await lease.withdraw();
    for (let again = 0; again < 3; again += 1) lease.release();

    expect(ends).toEqual(['undone', 'undone']);
    expect(rows.givenBack).toEqual([upload.id]);
    expect(await space.available()).toBe(free);
    leases.acquire(sender).release();
    await leases.whenIdle();
  });

  it('keeps neither room nor attempt where only one of them is to be had', async () => {
    const { leases, rows, space } = house();
    const first = leases.acquire(sender);
    expect(await first.reserve(token, uploadOf(600, 'key'))).toBe(true);
    const second = leases.acquire(sender);
    await expect(second.reserve(token, uploadOf(600))).rejects.toThrow(StorageFull);
    expect(await second.reserve(token, uploadOf(300, 'key'))).toBe(false);
    expect(await space.available()).toBe(400);
    expect(rows.reserved.size).toBe(1);
  });

  it('leaves nothing behind where it is released while it reserves', async () => {
    const { leases, rows, space } = house();
    const lease = leases.acquire(sender);
    const reserving = lease.reserve(token, uploadOf(600));
    lease.release();
    expect(await reserving).toBe(false);
    expect(rows.reserved.size).toBe(0);
    expect(await space.available()).toBe(free);
  });

  it('uses the attempt up with the archive, whatever fails afterwards', async () => {
    const { leases, rows } = house();
    const lease = leases.acquire(sender);
    await lease.reserve(token, uploadOf(600));
    lease.stored();
    expect(await lease.fail(nothing, new Error('late'))).toBe('stored');
    expect(rows.givenBack).toEqual([]);
  });

  it('may be undone again where the database could not be asked', async () => {
    const { leases, rows } = house();
    const lease = leases.acquire(sender);
    await lease.reserve(token, uploadOf(600));
    rows.outcome = 'unsettled';
    expect(await lease.fail(nothing, new Error('gone'))).toBe('unsettled');
    expect(lease.isOpen).toBe(true);
    rows.outcome = 'undone';
    expect(await lease.fail(nothing, new Error('gone'))).toBe('undone');
    expect(rows.givenBack).toHaveLength(1);
  });

  it('keeps the room of a resumable upload for its next request, and not for one that is over', async () => {
    const { leases, space } = house(1);
    const upload = uploadOf(600);
    const first = leases.acquire(sender);
    await first.reserve(token, upload);
    leases.park(upload.id, first);
    await leases.whenIdle();
    expect(await space.available()).toBe(400);

    const second = leases.resume({ token, upload }).enter(sender);
    await second.reserveRoom(600);
    expect(await space.available()).toBe(400);
    leases.park(upload.id, second);
    leases.drop(upload.id);
    expect(await space.available()).toBe(free);
  });

  it('comes out even, in whatever order uploads begin, are undone, stored and released', async () => {
    const { leases, rows, space } = house(8);
    let state = 1;
    const pick = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const open: UploadLease[] = [];
    const working: Promise<unknown>[] = [];
    const acts: ((lease?: UploadLease) => unknown)[] = [
      () => open.push(leases.acquire(sender)),
      (lease) => lease?.reserve(token, uploadOf(pick(200), pick(3) ? null : 'key')),
      (lease) => lease?.fail(nothing, new Error('broken')),
      (lease) => lease?.withdraw(),
      (lease) => lease?.release(),
    ];
    for (let step = 0; step < 2_000; step += 1) {
      const act = acts[pick(acts.length)];
      const lease = open[pick(open.length + 1)];
      working.push(Promise.resolve(lease).then(act));
      if (pick(2)) await Promise.resolve();
    }
    await Promise.allSettled(working);
    for (const lease of open) {
      await lease.fail(nothing, new Error('over'));
      lease.release();
    }
    await leases.whenIdle();
    expect(rows.reserved.size).toBe(0);
    expect(await space.available()).toBe(free);
  });
});
