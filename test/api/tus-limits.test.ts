import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { digestOf, noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { databaseGone } from '../support/outage.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storeFolder, storedFiles } from '../support/store-files.js';
import { archiveOf, patchUnderWay, tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const customer = async (of: TestService, wishes = {}) => {
  const token = await of.given.uploadToken({ attempts: 5, ...wishes });
  return { token, ...tus(of.url, token) };
};

describe('the largest upload of a platform', () => {
  it('holds for the declared length, and for pieces of an unknown one', async () => {
    const service = await startedService();
    const platform = await service.given.platform({ maxUploadBytes: 1000 });
    const { token, begun, create, patch, offset } = await customer(service, { platform });
    expectProblem(await create({ length: 1001 }), 'upload-too-large');
    const path = await begun({ length: null });
    for (let at = 0; at < 1000; at += 250)
      expect(await patch(path, at, noise(250))).toMatchObject({ status: 204 });
    expectProblem(await patch(path, 1000, 'x'), 'upload-too-large');
    expectProblem(await patch(path, 1000, Readable.from(['x'])), 'upload-too-large');
    expectProblem(await patch(path, 1000, '', { 'Upload-Length': 1001 }), 'upload-too-large');
    expect(await offset(path)).toBe(1000);
    archiveOf(await patch(path, 1000, '', { 'Upload-Length': 1000 }));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });
});

describe('the quota of a platform', () => {
  it('holds for the declared length, and for what is there at the end', async () => {
    const service = await startedService();
    const platform = await service.given.platform({ quotaBytes: 1000 });
    const { token, begun, create, head, patch } = await customer(service, { platform });
    expectProblem(await create({ length: 1001 }), 'quota-exceeded');
    const path = await begun({ length: 700 });
    const open = await begun({ length: null });
    await patch(open, 0, noise(600));
    await patch(path, 0, noise(600));
    // Meanwhile another one takes the room.
    expect(await upload(service.url, token, { bytes: noise(500) })).toMatchObject({ status: 201 });
    const answers = [
      await patch(path, 600, noise(100)),
      await patch(open, 600, '', { 'Upload-Length': 600 }),
    ];
    for (const answer of answers) expectProblem(answer, 'quota-exceeded');
    expect(await head(path)).toMatchObject({ status: 404 });
    expect(await upload(service.url, token, { bytes: noise(500) })).toMatchObject({ status: 201 });
    expectProblem(await create({ length: 1 }), 'quota-exceeded');
  });
});

describe('a storage without room', () => {
  it('begins no upload', async () => {
    const service = await startedService({ MIN_FREE_BYTES: String(2 ** 52) });
    const { token, create } = await customer(service);
    expectProblem(await create({ length: 1 }), 'storage-full');
    expectProblem(await create({ length: null }), 'storage-full');
    expectProblem(await create({ length: 5, body: Buffer.from('bytes') }), 'storage-full');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
    expect(storedFiles(service.place)).toEqual([]);
  });

  it('counts in what was declared and is still to come', async () => {
    const service = await startedService({ MAX_UPLOAD_BYTES: String(2 ** 50) });
    const [one, two] = [await customer(service), await customer(service)];
    const { freeBytes } = await tokenState(service.url, one.token);
    const length = Math.floor(Number(freeBytes) * 0.7);
    const first = await one.begun({ length });
    const refused = await two.create({ length });
    expectProblem(refused, 'storage-full');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await one.patch(first, 0, 'some bytes');
    expectProblem(await two.create({ length }), 'storage-full');
    expect(await two.create({ length: 1000 })).toMatchObject({ status: 201 });
    await one.remove(first);
    expect(await two.create({ length })).toMatchObject({ status: 201 });
  });

  it('is not kept for an upload that nobody goes on with, and taken again by one who does', async () => {
    const service = await startedService({
      MAX_UPLOAD_BYTES: String(2 ** 50),
      UPLOAD_IDLE_TIMEOUT: '1',
    });
    const [one, two] = [await customer(service), await customer(service)];
    const { freeBytes } = await tokenState(service.url, one.token);
    const length = Math.floor(Number(freeBytes) * 0.7);
    const first = await one.begun({ length });
    const stalled = await patchUnderWay(service.place, one, first, 0, 'some bytes');
    expectProblem(await two.create({ length }), 'storage-full');
    expectProblem(await stalled.answer, 'upload-stalled');
    const second = await eventually(async () => two.begun({ length }));
    const refused = await one.patch(first, 10, 'more');
    expectProblem(refused, 'storage-full');
    expect(await one.offset(first)).toBe(10);
    await two.remove(second);
    expect(await one.patch(first, 10, 'more')).toMatchObject({ status: 204 });
  });
});

describe('what goes away while an upload is under way', () => {
  const size = 100_000;
  const bytes = noise(size);

  it('may be the storage: the upload waits for it to come back', async () => {
    const service = await startedService();
    const { token, begun, head, patch, offset } = await customer(service);
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 60_000));
    const folder = storeFolder(service.place);
    renameSync(folder, `${folder}-away`);
    mkdirSync(folder);
    expect(await head(path)).toMatchObject({ status: 503 });
    const refused = await patch(path, 60_000, bytes.subarray(60_000));
    expectProblem(refused, 'storage-unavailable');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(storedFiles(service.place)).toEqual([]);
    rmSync(folder, { recursive: true });
    renameSync(`${folder}-away`, folder);
    expect(await offset(path)).toBe(60_000);
    const done = await patch(path, 60_000, bytes.subarray(60_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('may be the database: what was sent meanwhile is there, and becomes the archive', async () => {
    const first = await startedService();
    const owner = await customer(first);
    const path = await owner.begun({ length: size });
    const half = await patchUnderWay(first.place, owner, path, 0, bytes.subarray(0, 60_000));
    const back = await databaseGone(first);
    const answer = await half.finish(bytes.subarray(60_000));
    expect(answer.status).toBeGreaterThanOrEqual(500);
    await back();
    await first.stop();
    const second = await startedService({}, first.place);
    const told = await eventually(async () => {
      const asked = await tus(second.url, owner.token).head(path);
      expect(asked).toMatchObject({ status: 200 });
      return asked;
    });
    expect(told.headers['repr-digest']).toBe(digestOf(bytes));
    expect(storedFiles(first.place)).toEqual([archiveOf(told)]);
    expect(await tokenState(second.url, owner.token)).toMatchObject({ attemptsLeft: 4 });
  });
});

describe('as many uploads as MAX_UPLOADS allows', () => {
  it('are as many requests that bring bytes, whatever way', async () => {
    const service = await startedService({ MAX_UPLOADS: '2' });
    const [one, two] = [await customer(service), await customer(service)];
    // An upload that is not being sent is none.
    const paths = [
      await one.begun({ length: 100 }),
      await one.begun({ length: 100 }),
      await one.begun({ length: 100 }),
    ] as const;
    const first = await patchUnderWay(service.place, one, paths[0], 0, 'first');
    const other = await uploadUnderWay(service.url, two.token);
    const refused = await one.patch(paths[1], 0, noise(100));
    expectProblem(refused, 'too-many-uploads');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expectProblem(await two.create({ length: 100 }), 'too-many-uploads');
    expectProblem(await upload(service.url, two.token), 'too-many-uploads');
    expect(await one.head(paths[1])).toMatchObject({ status: 200 });
    archiveOf(await first.finish(noise(95)));
    archiveOf(await one.patch(paths[1], 0, noise(100)));
    expect(await other.finish()).toMatchObject({ status: 201 });
    // And after refusals and cuts of every kind there is as much room as before.
    expectProblem(await one.patch(paths[2], 7, 'wrong place'), 'upload-offset-mismatch');
    expectProblem(await one.patch(paths[2], 0, noise(101)), 'upload-too-large');
    const cut = await patchUnderWay(service.place, one, paths[2], 0, 'first');
    cut.breakOff();
    expect(await eventually(() => one.offset(paths[2]))).toBe(5);
    const both = await Promise.all([
      one.patch(paths[2], 5, noise(95)),
      upload(service.url, two.token),
    ]);
    expect(both.map(({ status }) => status)).toEqual([204, 201]);
  });
});
