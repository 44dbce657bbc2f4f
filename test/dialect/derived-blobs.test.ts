import { rmSync, writeFileSync } from 'node:fs';
import { DataSource, In } from 'typeorm';
import { archiveOwner } from '../../src/archives/archive-blobs.service.js';
import { Archive } from '../../src/archives/archive.entity.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { VerifyService } from '../../src/maintenance/verify.service.js';
import { RetentionService } from '../../src/deletion/retention.service.js';
import { BlobRecord } from '../../src/storage/blobs/blob-record.entity.js';
import { OwnerGone } from '../../src/storage/blobs/blobs.errors.js';
import { BlobRegister } from '../../src/storage/blobs/blob-register.service.js';
import { DerivedBlobs } from '../../src/storage/blobs/derived-blobs.service.js';
import { Tombstone } from '../../src/storage/blobs/tombstone.entity.js';
import { noise, sha256Of } from '../support/bytes.js';
import { download } from '../support/download.js';
import type { Person } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, openStoreFiles, storedFiles } from '../support/store-files.js';

/**
 * What a feature derives from an archive and keeps in the store, told with an index that no feature makes yet: whatever
 * looks after bytes knows it by its row alone.
 */

let service: TestService;
let person: Person;
beforeAll(async () => {
  service = await startedService();
  person = await service.given.admin();
});

const register = () => service.app.get(BlobRegister);
const manager = () => service.app.get(DataSource).manager;
const rowsOf = (ownerId: string) => manager().countBy(BlobRecord, { ownerId });

async function* pieces(...given: Buffer[]): AsyncIterable<Buffer> {
  for (const piece of given) yield await Promise.resolve(piece);
}
const derive = (archive: string, bytes = noise(70_000)) =>
  service.app.get(DerivedBlobs).write(archiveOwner(archive), 'index', pieces(bytes));

const verified = () => service.app.get(VerifyService).verify();
const expectClean = async (): Promise<void> => {
  expect((await verified()).findings).toEqual([]);
  expect(await manager().count(Tombstone)).toBe(0);
  expect(await manager().countBy(BlobRecord, { state: 'coming' })).toBe(0);
  expect(openStoreFiles(service.place)).toEqual([]);
};

it('is stored with its size and digest, read by verify, and no stray to sweep', async () => {
  const { id } = await service.given.archive();
  const bytes = noise(300_000);
  const blob = await derive(id, bytes);
  expect(blob).toMatchObject({ size: bytes.length, sha256: sha256Of(bytes) });
  expect(await register().of(archiveOwner(id), 'index')).toMatchObject({
    ...blob,
    state: 'stored',
  });
  expect(storedFiles(service.place)).toEqual(expect.arrayContaining([blob.key, id]));
  expect(await service.app.get(SweepService).sweep({ dryRun: true })).toMatchObject({
    orphans: [],
  });
  await expectClean();
});

it('takes the place of an earlier one, whose bytes go', async () => {
  const { id } = await service.given.archive();
  const earlier = await derive(id);
  const later = await derive(id);
  expect(await register().of(archiveOwner(id), 'index')).toMatchObject({ key: later.key });
  expect(storedFiles(service.place)).not.toContain(earlier.key);
  expect(await rowsOf(id)).toBe(2);
  await expectClean();
});

it('two runs that derive the same at once leave one', async () => {
  const { id } = await service.given.archive();
  await Promise.all([derive(id), derive(id), derive(id)]);
  expect(await rowsOf(id)).toBe(2);
  await expectClean();
});

it('goes with its archive, with its ticket, and when its time is over', async () => {
  const doomed = await Promise.all(
    ['archive', 'ticket', 'expiry'].map(async (how) => {
      const platform = await service.given.platform();
      const token = await service.given.uploadToken({ platform });
      const { id } = await service.given.archive({}, token);
      return { how, platform, ticket: token.ticket, id, derived: await derive(id) };
    }),
  );
  for (const { how, platform, ticket, id } of doomed)
    if (how === 'archive') await person.api.delete(`/archives/${id}`).expect(204);
    else if (how === 'ticket') await person.api.delete(`/tickets/${ticket}`).expect(204);
    else {
      await person.api.patch(`/platforms/${platform}`).send({ retentionDays: 1 }).expect(200);
      const inAWeek = new Date(Date.now() + 7 * 24 * 60 * 60 * 1000);
      expect(await service.app.get(RetentionService).expire(inAWeek)).toBe(1);
    }
  for (const { id, derived } of doomed) {
    expect(storedFiles(service.place)).not.toContain(id);
    expect(storedFiles(service.place)).not.toContain(derived.key);
    expect(await rowsOf(id)).toBe(0);
  }
  await expectClean();
});

it('whose archive is deleted while it is written leaves nothing', async () => {
  const { id } = await service.given.archive();
  async function* bytes(): AsyncIterable<Buffer> {
    yield noise(1000);
    await person.api.delete(`/archives/${id}`).expect(204);
    yield noise(1000);
  }
  const writing = service.app.get(DerivedBlobs).write(archiveOwner(id), 'index', bytes());
  await expect(writing).rejects.toThrow(OwnerGone);
  expect(await rowsOf(id)).toBe(0);
  await expect(derive(id)).rejects.toThrow('is gone');
  await expectClean();
});

it('whose source fails, or whose job is ended, leaves nothing', async () => {
  const { id } = await service.given.archive();
  const before = storedFiles(service.place);
  async function* failing(): AsyncIterable<Buffer> {
    yield await Promise.resolve(noise(1000));
    throw new Error('not to be parsed');
  }
  const derived = service.app.get(DerivedBlobs);
  const owner = archiveOwner(id);
  await expect(derived.write(owner, 'index', failing())).rejects.toThrow('not to be parsed');
  const ended = new AbortController();
  async function* endless(): AsyncIterable<Buffer> {
    for (let count = 0; ; count += 1) {
      yield await Promise.resolve(noise(1000));
      if (count === 3) ended.abort(new Error('no more'));
    }
  }
  const { signal } = ended;
  await expect(derived.write(owner, 'index', endless(), { signal })).rejects.toThrow('no more');
  expect(storedFiles(service.place)).toEqual(before);
  expect(await rowsOf(id)).toBe(1);
  await expectClean();
});

it('that is damaged is found, named by its archive, and given to nobody; the archive stays', async () => {
  const { id, filename } = await service.given.archive();
  const { key } = await derive(id);
  writeFileSync(blobPath(service.place, key), noise(70_000, 2));
  expect((await verified()).findings).toEqual([
    { kind: 'changed', id: key, filename: `${filename} (index)` },
  ]);
  expect(await register().of(archiveOwner(id), 'index')).toBeNull();
  await download(person.api, id).expect(200);
  // Made again, it replaces the damaged one.
  await derive(id);
  await expectClean();
});

it('an archive that is damaged still has its derived blob, and goes with it', async () => {
  const { id } = await service.given.archive();
  const { key } = await derive(id);
  writeFileSync(blobPath(service.place, id), 'other bytes');
  expect((await verified()).findings).toMatchObject([{ kind: 'changed', id }]);
  const { body } = await person.api.get(`/archives/${id}`).expect(200);
  expect(body).toMatchObject({ state: 'damaged' });
  expect(await register().of(archiveOwner(id), 'index')).toMatchObject({ key });
  await person.api.delete(`/archives/${id}`).expect(204);
  await expectClean();
});

it('an archive that an older version stored beside the register is adopted, and deleted with its bytes', async () => {
  const [found, doomed] = [await service.given.archive(), await service.given.archive()];
  const forget = () => manager().delete(BlobRecord, { ownerId: In([found.id, doomed.id]) });
  await forget();
  expect(await service.app.get(SweepService).sweep({ dryRun: true })).toMatchObject({
    orphans: [],
  });
  expect(await register().of(archiveOwner(found.id), 'original')).toMatchObject({
    key: found.id,
    sha256: found.sha256,
    state: 'stored',
  });
  await forget();
  await person.api.delete(`/archives/${doomed.id}`).expect(204);
  expect(storedFiles(service.place)).not.toContain(doomed.id);
  await service.app.get(SweepService).finish();
  await expectClean();
});

it('an archive that an older version deleted beside the register leaves nothing behind', async () => {
  const { id } = await service.given.archive();
  const { key } = await derive(id);
  await manager().delete(Archive, { id });
  // That version knew of the original alone.
  rmSync(blobPath(service.place, id));
  await expectClean();
  expect(await rowsOf(id)).toBe(0);
  expect(storedFiles(service.place)).not.toContain(key);
});
