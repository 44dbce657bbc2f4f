import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { noise } from '../support/bytes.js';
import { download } from '../support/download.js';
import { expectProblem, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storeFolder, storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

/** Takes the volume away, as an unmount does: an empty folder stays where it was. */
const unmounted = (service: TestService): { mount(): void } => {
  const folder = storeFolder(service.place);
  renameSync(folder, `${folder}-away`);
  mkdirSync(folder);
  return {
    mount: () => {
      rmSync(folder, { recursive: true });
      renameSync(`${folder}-away`, folder);
    },
  };
};

const ready = async (service: TestService) => {
  const answer = await send(`${service.url}/health/ready`, { method: 'GET' });
  const under = await send(`${service.url}/api/v1/health`, { method: 'GET' });
  expect(under).toMatchObject({ status: answer.status, body: answer.body });
  return answer;
};
const live = (service: TestService) => send(`${service.url}/health/live`, { method: 'GET' });

describe('a storage that goes away while the service runs', () => {
  it('is said to uploads, downloads and the orchestrator, and heals without a restart', async () => {
    const service = await startedService();
    const { api } = await service.given.admin();
    const token = await service.given.uploadToken({ attempts: 3 });
    const { id } = await service.given.archive({ bytes: noise(1000) }, token);
    const volume = unmounted(service);

    for (const way of ['form', 'put', 'post'] as const)
      expectProblem(await upload(service.url, token, { way }), 'storage-unavailable');
    expectProblem(await api.get(`/archives/${id}/content`), 'storage-unavailable');
    expect(await ready(service)).toMatchObject({
      status: 503,
      body: { status: 'error', checks: { storage: 'down', database: 'up', accepting: 'up' } },
    });
    expect(await live(service)).toMatchObject({ status: 200 });
    // The records are there all the same, and nobody is to blame.
    await api.get(`/archives/${id}`).expect(200);
    expect(await tokenState(service.url, token)).toMatchObject({
      attemptsLeft: 2,
      state: 'active',
    });
    expect(storedFiles(service.place)).toEqual([]);

    volume.mount();
    expect(await ready(service)).toMatchObject({ status: 200, body: { status: 'ok' } });
    await download(api, String(id)).expect(200);
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });

  it('costs no attempt for an upload that is under way', async () => {
    const service = await startedService();
    const token = await service.given.uploadToken({ attempts: 1 });
    const running = await uploadUnderWay(service.url, token);
    const volume = unmounted(service);
    const answer = await running.finish('the rest');
    expectProblem(answer, 'storage-unavailable');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
    volume.mount();
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });
});

describe('a start without its storage', () => {
  it('takes an empty folder for a volume that is not mounted, and deletes no record', async () => {
    const first = await startedService();
    const token = await first.given.uploadToken();
    const { id } = await first.given.archive({ bytes: noise(1000) }, token);
    const { account } = await first.given.admin();
    await first.stop();
    const volume = unmounted(first);
    const second = await startedService({}, first.place);
    expect(second.log.events('storage.unavailable')).toHaveLength(1);
    expect(await ready(second)).toMatchObject({
      status: 503,
      body: { checks: { storage: 'down' } },
    });
    expectProblem(await upload(second.url, token), 'storage-unavailable');
    const api = await second.given.signedIn(account);
    expect((await api.get('/archives')).body).toMatchObject({ items: [{ id, state: 'stored' }] });
    expect(readdirSync(storeFolder(first.place))).toEqual([]);
    volume.mount();
    expect(await ready(second)).toMatchObject({ status: 200 });
    await download(api, String(id)).expect(200);
    expect(storedFiles(first.place)).toEqual([id]);
  });

  it('does not touch what belongs to another database', async () => {
    const owner = await startedService();
    await owner.given.archive();
    const files = storedFiles(owner.place);
    const STORAGE_URL = `file:${storeFolder(owner.place)}`;
    // A new database would begin a store there, which cannot be meant.
    await expect(startedService({ STORAGE_URL })).rejects.toThrow(/STORAGE_URL .*another database/);

    const settled = await startedService();
    const token = await settled.given.uploadToken();
    await settled.given.archive({}, token);
    await settled.stop();
    // One that has archives waits for its own store to come back.
    const waiting = await startedService({ STORAGE_URL }, settled.place);
    expect(waiting.log.events('storage.unavailable')).toHaveLength(1);
    expect(await ready(waiting)).toMatchObject({
      status: 503,
      body: { checks: { storage: 'down' } },
    });
    expectProblem(await upload(waiting.url, token), 'storage-unavailable');
    await waiting.stop();
    expect(storedFiles(owner.place)).toEqual(files);
    expect(await ready(owner)).toMatchObject({ status: 200 });
  });

  it('completes a store that a kill left half made', async () => {
    const first = await startedService();
    await first.stop();
    rmSync(`${storeFolder(first.place)}/partial`, { recursive: true });
    const second = await startedService({}, first.place);
    expect(await ready(second)).toMatchObject({ status: 200 });
    expect(await upload(second.url, await second.given.uploadToken())).toMatchObject({
      status: 201,
    });
  });

  it('makes its folder where there is none and nothing was ever stored', async () => {
    const folder = `${tempFolder()}/a/b/archives`;
    const service = await startedService({ STORAGE_URL: `file:${folder}` });
    expect(existsSync(folder)).toBe(true);
    expect(await upload(service.url, await service.given.uploadToken())).toMatchObject({
      status: 201,
    });
  });
});

describe('a storage where nothing can be made', () => {
  // As root, which tests may be, every folder can be written: one that is a file cannot.
  it('refuses uploads, keeps their attempts, and heals', async () => {
    const service = await startedService();
    const token = await service.given.uploadToken({ attempts: 1 });
    const partial = `${storeFolder(service.place)}/partial`;
    rmSync(partial, { recursive: true });
    writeFileSync(partial, '');
    expectProblem(await upload(service.url, token), 'storage-unavailable');
    expect(await ready(service)).toMatchObject({
      status: 503,
      body: { checks: { storage: 'down' } },
    });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
    rmSync(partial);
    mkdirSync(partial);
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });

  it('refuses what cannot be put in its place', async () => {
    const service = await startedService();
    const token = await service.given.uploadToken({ attempts: 1 });
    const running = await uploadUnderWay(service.url, token);
    const folder = storeFolder(service.place);
    // Where the archive's own folder would be, something else is: for every name that it could have.
    for (let at = 0; at < 256; at += 1)
      writeFileSync(`${folder}/${at.toString(16).padStart(2, '0')}`, '');
    const answer = await running.finish();
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
    expect(readdirSync(`${folder}/partial`)).toEqual([]);
  });
});

describe('the room that is shown', () => {
  it('is that of the volume, less nothing that a client could not use', async () => {
    const service = await startedService();
    const { api } = await service.given.admin();
    const { body } = await api.get('/storage').expect(200);
    const { total, used, free, usedPercent, archives } = body as Record<string, number> & {
      archives: unknown;
    };
    expect(archives).toEqual({ count: 0, bytes: 0 });
    expect((used ?? 0) + (free ?? 0)).toBe(total);
    expect(usedPercent).toBeCloseTo((100 * (used ?? 0)) / (total ?? 1), 0);
    await service.given.archive({ bytes: noise(12_345) });
    const after = await api.get('/storage').expect(200);
    expect(after.body).toMatchObject({ archives: { count: 1, bytes: 12_345 } });
  });
});
