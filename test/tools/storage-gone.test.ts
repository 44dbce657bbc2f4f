import { chmodSync, readdirSync } from 'node:fs';
import type TestAgent from 'supertest/lib/agent.js';
import { ScrubService } from '../../src/maintenance/scrub.service.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { boundVolume } from '../support/bound-volume.js';
import { noise, sha256Of } from '../support/bytes.js';
import { command } from '../support/command.js';
import { freshPlace } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { expectProblem, send } from '../support/http.js';
import { describeUnless } from '../support/left-out.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { noMounts } from '../support/small-volume.js';
import { openStoreFiles, storeFolder, storedFiles } from '../support/store-files.js';
import { patchUnderWay, tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const get = ({ url }: TestService, path: string) => send(url + path, { method: 'GET' });

/** 503 and nothing worse, to everybody whom it concerns; the others notice nothing. */
const expectGone = async (service: TestService, token: IssuedToken): Promise<void> => {
  for (const way of ['form', 'put', 'post'] as const) {
    const answer = await upload(service.url, token, { way });
    expectProblem(answer, 'storage-unavailable');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  const resumable = tus(service.url, token);
  const created = await resumable.create({ length: 1000 });
  // Creating one writes no byte: on a volume that is read-only the first of them is refused.
  const path = created.status === 201 ? String(created.headers.location) : null;
  const refused = path === null ? created : await resumable.patch(path, 0, noise(1000));
  expectProblem(refused, 'storage-unavailable');
  if (path !== null) expect(await resumable.remove(path)).toMatchObject({ status: 204 });
  expect(await get(service, '/health/ready')).toMatchObject({
    status: 503,
    body: { status: 'error', checks: { storage: 'down', database: 'up', accepting: 'up' } },
  });
  expect(await get(service, '/health/live')).toMatchObject({ status: 200 });
  const { api } = await service.given.admin();
  await api.get('/tickets').expect(200);
  const { body } = await api.get('/overview').expect(200);
  const { items } = (body as { troubles: { items: { kind: string }[] } }).troubles;
  expect(items).toContainEqual(expect.objectContaining({ kind: 'storage-down' }));
};

const expectReady = (service: TestService): Promise<void> =>
  eventually(async () => {
    expect(await get(service, '/health/ready')).toMatchObject({ status: 200 });
  });

const listed = async (api: TestAgent): Promise<readonly unknown[]> =>
  (
    (await api.get('/archives').expect(200)).body as { items: { id: string; state: string }[] }
  ).items.map(({ id, state }) => [id, state]);

// Without root there is no volume to take away; CI has it.
describeUnless(noMounts)('the volume of the storage', () => {
  it('is unmounted under uploads, and mounted again: nothing is lost, nothing is left', async () => {
    const place = await freshPlace();
    const volume = boundVolume(place);
    const service = await startedService({ SCRUB_RATE_BYTES: String(10 ** 9) }, place);
    const { api } = await service.given.admin();
    const token = await service.given.uploadToken({ attempts: 10 });
    const bytes = noise(200_000);
    const { id } = await service.given.archive({ bytes }, token);
    const owner = { token, ...tus(service.url, token) };
    const path = await owner.begun({ length: bytes.length });
    const half = await patchUnderWay(place, owner, path, 0, bytes.subarray(0, 100_000));
    const running = [
      await uploadUnderWay(service.url, token, { way: 'put' }),
      await uploadUnderWay(service.url, token, { way: 'form' }),
    ];

    volume.unmount();
    for (const { finish } of running)
      expectProblem(await finish('the rest'), 'storage-unavailable');
    half.breakOff();
    await expectGone(service, token);
    expectProblem(await api.get(`/archives/${id}/content`), 'storage-unavailable');
    expect(await owner.head(path)).toMatchObject({ status: 503 });
    // What the clock does, and what an operator may try: none of it takes an empty folder for the truth.
    await service.app
      .get(SweepService)
      .finish()
      .catch(() => undefined);
    await service.app.get(ScrubService).run();
    for (const args of [['sweep', '--force'], ['verify']]) {
      const { code, stdout, stderr } = await command(args, { place });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/storage/i);
    }
    expect(readdirSync(volume.mountPoint)).toEqual([]);
    expect(await listed(api)).toEqual([[id, 'stored']]);
    expect(openStoreFiles(place)).toEqual([]);

    volume.mount();
    await expectReady(service);
    await download(api, String(id)).expect(200);
    const offset = await owner.offset(path);
    const done = await owner.patch(path, offset, bytes.subarray(offset));
    expect(done).toMatchObject({ status: 204 });
    await service.app.get(SweepService).finish();
    expect(await upload(service.url, token, { bytes })).toMatchObject({
      status: 201,
      body: { sha256: sha256Of(bytes) },
    });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 7 });
    // What the uploads had written when the volume went is dropped as soon as somebody looks.
    await service.app.get(SweepService).sweep();
    expect(storedFiles(place)).toHaveLength(3);
    expect(await command(['verify'], { place })).toMatchObject({ code: 0 });
  });

  it('turns read-only: what is there is delivered, and what was deleted goes when it can be written', async () => {
    const place = await freshPlace();
    const volume = boundVolume(place);
    const service = await startedService({}, place);
    const { api } = await service.given.admin();
    const token = await service.given.uploadToken({ attempts: 10 });
    const kept = String((await service.given.archive({}, token)).id);
    const deleted = String((await service.given.archive({}, token)).id);

    volume.readOnly();
    await expectGone(service, token);
    await download(api, kept).expect(200);
    expectProblem(await api.delete(`/archives/${deleted}`), 'storage-unavailable');
    expect((await api.get(`/archives/${deleted}`)).status).toBe(404);
    expect(storedFiles(place)).toEqual([deleted, kept].sort());
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 8 });

    volume.writable();
    await expectReady(service);
    await service.app.get(SweepService).finish();
    expect(storedFiles(place)).toEqual([kept]);
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });
});

it('a storage that may not be entered is said so, and heals as soon as it may', async () => {
  const service = await startedService();
  const { api } = await service.given.admin();
  const token = await service.given.uploadToken({ attempts: 10 });
  const { id } = await service.given.archive({}, token);
  const folder = storeFolder(service.place);
  // Permissions are nothing to root: for a while the process is somebody else.
  const isRoot = process.getuid?.() === 0;
  chmodSync(folder, 0);
  if (isRoot) process.seteuid?.(65_534);
  try {
    await expectGone(service, token);
    expectProblem(await api.get(`/archives/${id}/content`), 'storage-unavailable');
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(folder, 0o700);
  }
  await expectReady(service);
  await download(api, String(id)).expect(200);
  expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 8 });
});
