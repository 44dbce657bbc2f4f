import { DataSource } from 'typeorm';
import { AdmissionService } from '../../src/uploads/intake/admission.service.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { digestOf, noise } from '../support/bytes.js';
import { command } from '../support/command.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import type { Break } from '../support/cutting-proxy.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { openStoreFiles, partialSize, storedFiles } from '../support/store-files.js';
import {
  archiveOf,
  checksumOf,
  idOf,
  patchUnderWay,
  tus,
  uploadWithTusClient,
} from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const size = 300_000;
const bytes = noise(size);
let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

const customer = async (of = service, wishes = {}) => {
  const token = await of.given.uploadToken({ attempts: 5, ...wishes });
  return { token, ...tus(of.url, token) };
};

describe('two requests that bring bytes at once', () => {
  it('never interleave: one of them is taken and the other told to wait', async () => {
    const owner = await customer();
    const path = await owner.begun({ length: size });
    const first = await patchUnderWay(service.place, owner, path, 0, bytes.subarray(0, 1000));
    for (const offset of [0, 1000]) {
      const busy = await owner.patch(path, offset, noise(2000, 2));
      expectProblem(busy, 'upload-busy');
      expect(busy.headers['retry-after']).toBe('1');
    }
    const done = await first.finish(bytes.subarray(1000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
  });

  it('are ended by nobody but the owner', async () => {
    const owner = await customer();
    const path = await owner.begun({ length: size });
    const first = await patchUnderWay(service.place, owner, path, 0, bytes.subarray(0, 1000));
    const stranger = await customer();
    expect(await stranger.head(path)).toMatchObject({ status: 404 });
    expectProblem(await stranger.remove(path), 'not-found');
    expectProblem(await stranger.patch(path, 1000, 'x'), 'not-found');
    archiveOf(await first.finish(bytes.subarray(1000)));
  });

  it('that start together, at one replica or at several, leave the bytes of one', async () => {
    const { token, begun, offset, head } = await customer();
    const replicas = await replicasOf(service, 2);
    const requests = replicas.map(({ url }) => tus(url, token));
    for (let round = 0; round < 5; round += 1) {
      const path = await begun({ length: size });
      const bodies = [1, 2, 3, 4].map((seed) => noise(size, 10 * round + seed));
      const answers = await Promise.all(
        bodies.map(async (body, at) => {
          const replica = requests[at % requests.length];
          return (replica ?? tus(service.url, token)).patch(path, 0, body);
        }),
      );
      const won = answers.findIndex(({ status }) => status === 204);
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      for (const [at, answer] of answers.entries())
        if (at !== won) expect([404, 409, 423]).toContain(answer.status);
      expect(await offset(path)).toBe(size);
      expect((await head(path)).headers['repr-digest']).toBe(digestOf(bodies[won] ?? ''));
    }
  });
});

describe('a line that breaks', () => {
  it.each<Break>(['reset', 'end', 'hang'])('by %s keeps what came before', async (how) => {
    const { token, begun, patch, offset } = await customer();
    const proxy = await cuttingProxy(service.url);
    const path = await begun({ length: size });
    const throughProxy = tus(proxy.url, token);
    const first = bytes.subarray(0, 100_000);
    const half = await patchUnderWay(service.place, throughProxy, path, 0, first);
    proxy.cutAfter(50_000, how);
    await half.write(bytes.subarray(100_000, 200_000));
    await expect(half.answer).rejects.toThrow();
    // Also where the service still believes in the old connection: HEAD ends it.
    const at = await offset(path);
    expect(at).toBe(partialSize(service.place, idOf(path)));
    expect(at).toBeGreaterThanOrEqual(100_000);
    expect(at).toBeLessThanOrEqual(150_000);
    const done = await patch(path, at, bytes.subarray(at));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
    expect(proxy.counters.cuts).toBe(1);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('drops the part of a chunk whose checksum can no longer be proved', async () => {
    const { token, begun, patch, offset } = await customer();
    const proxy = await cuttingProxy(service.url);
    const throughProxy = tus(proxy.url, token);
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 50_000));
    const rest = bytes.subarray(50_000);
    const headers = { 'Upload-Checksum': checksumOf(rest) };
    const part = rest.subarray(0, 100_000);
    const half = await patchUnderWay(service.place, throughProxy, path, 50_000, part, headers);
    proxy.cutAll();
    await expect(half.answer).rejects.toThrow();
    expect(await offset(path)).toBe(50_000);
    const done = await patch(path, 50_000, rest, headers);
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
  });

  it('and loses an answer loses nothing: the upload says how far it came', async () => {
    const { token, begun, head, patch, offset } = await customer();
    const proxy = await cuttingProxy(service.url);
    const throughProxy = tus(proxy.url, token);
    const path = await begun({ length: size });
    proxy.loseAnswer();
    await expect(throughProxy.patch(path, 0, bytes.subarray(0, 100_000))).rejects.toThrow();
    expect(await offset(path)).toBe(100_000);
    expectProblem(await patch(path, 0, bytes), 'upload-offset-mismatch');
    proxy.loseAnswer();
    await expect(throughProxy.patch(path, 100_000, bytes.subarray(100_000))).rejects.toThrow();
    const told = await eventually(async () => {
      const answer = await head(path);
      expect(answer.headers['upload-offset']).toBe(String(size));
      return answer;
    });
    archiveOf(told);
    expect(told.headers['repr-digest']).toBe(digestOf(bytes));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it.each([
    ['that brings nothing', {}],
    ['that brings bytes', { uploadDataDuringCreation: true, chunkSize: 100_000 }],
  ])('and loses the answer to a keyed creation %s costs one attempt', async (_how, wishes) => {
    const { token } = await customer();
    const proxy = await cuttingProxy(service.url);
    proxy.loseAnswer();
    const headers = { 'Idempotency-Key': 'this file' };
    const sent = await uploadWithTusClient(proxy.url, token, bytes, { headers, ...wishes });
    expect(proxy.counters.cuts).toBe(1);
    expect(sent.requests.slice(0, 2)).toEqual(['POST', 'POST 201']);
    expect(sent.reprDigest).toBe(digestOf(bytes));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('and is silent for UPLOAD_IDLE_TIMEOUT ends the request, not the upload', async () => {
    const own = await startedService({ UPLOAD_IDLE_TIMEOUT: '1' });
    const { token, begun, patch, offset } = await customer(own);
    const proxy = await cuttingProxy(own.url);
    const path = await begun({ length: size });
    const throughProxy = tus(proxy.url, token);
    const half = await patchUnderWay(own.place, throughProxy, path, 0, bytes.subarray(0, 100_000));
    expectProblem(await half.answer, 'upload-stalled');
    await own.app.get(AdmissionService).whenIdle();
    expect(openStoreFiles(own.place)).toEqual([]);
    expect(await offset(path)).toBe(100_000);
    expect(await tokenState(own.url, token)).toMatchObject({ attemptsLeft: 4, state: 'active' });
    const done = await patch(path, 100_000, bytes.subarray(100_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
  });

  it('and goes dead both ways is given up by the service too', async () => {
    const own = await startedService({ UPLOAD_IDLE_TIMEOUT: '1' });
    const { token, begun, patch, offset } = await customer(own);
    const proxy = await cuttingProxy(own.url);
    const path = await begun({ length: size });
    const throughProxy = tus(proxy.url, token);
    const half = await patchUnderWay(own.place, throughProxy, path, 0, bytes.subarray(0, 100_000));
    proxy.stall();
    await half.write(bytes.subarray(100_000, 200_000));
    await own.app.get(AdmissionService).whenIdle();
    expect(openStoreFiles(own.place)).toEqual([]);
    expect(await offset(path)).toBe(100_000);
    const done = await patch(path, 100_000, bytes.subarray(100_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
  });
});

describe('a service that stops', () => {
  it('takes no bytes any more, keeps those under way at its grace, and goes on after its start', async () => {
    const first = await startedService({ SHUTDOWN_GRACE: '1' });
    const owner = await customer(first);
    const { token, begun, create, patch } = owner;
    const [path, other] = [await begun({ length: size }), await begun({ length: size })];
    await patch(other, 0, bytes.subarray(0, 150_000));
    const half = await patchUnderWay(first.place, owner, path, 0, bytes.subarray(0, 100_000));
    const stopped = first.stop();
    await eventually(async () =>
      expect(await send(`${first.url}/health/ready`, { method: 'GET' })).toMatchObject({
        status: 503,
      }),
    );
    const refused = await patch(other, 150_000, bytes.subarray(150_000));
    expectProblem(refused, 'shutting-down');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expectProblem(await create({ length: size }), 'shutting-down');
    expectProblem(await half.answer, 'shutting-down');
    await stopped;

    const second = await startedService({}, first.place);
    const again = tus(second.url, token);
    expect(await tokenState(second.url, token)).toMatchObject({ attemptsLeft: 3 });
    for (const [upload, offset] of [
      [path, 100_000],
      [other, 150_000],
    ] as const) {
      expect(await again.offset(upload)).toBe(offset);
      const done = await again.patch(upload, offset, bytes.subarray(offset));
      expect(done.headers['repr-digest']).toBe(digestOf(bytes));
      archiveOf(await again.head(upload));
    }
    expect(await tokenState(second.url, token)).toMatchObject({ attemptsLeft: 3 });
  });

  it('lets a request that is under way finish within its grace', async () => {
    const own = await startedService({ SHUTDOWN_GRACE: '30' });
    const owner = await customer(own);
    const path = await owner.begun({ length: size });
    const half = await patchUnderWay(own.place, owner, path, 0, bytes.subarray(0, 100_000));
    const stopped = own.stop();
    const done = await half.finish(bytes.subarray(100_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
    await stopped;
    expect(storedFiles(own.place)).toEqual([archiveOf(done)]);
  });
});

describe('the upkeep', () => {
  it('leaves unfinished uploads alone, while the service runs and while it does not', async () => {
    const first = await startedService();
    const { token, begun, patch } = await customer(first);
    const [path, empty] = [await begun({ length: size }), await begun({ length: size })];
    await patch(path, 0, bytes.subarray(0, 100_000));
    const sweeps = first.app.get(SweepService);
    expect(await sweeps.sweep()).toMatchObject({ uploads: 0, orphans: [] });
    await first.stop();
    const { place } = first;
    expect(await command(['sweep'], { place })).toMatchObject({ code: 0 });
    expect(await command(['verify'], { place })).toMatchObject({ code: 0 });
    const second = await startedService({}, place);
    await second.app.get(SweepService).sweep();
    const again = tus(second.url, token);
    expect(await again.offset(path)).toBe(100_000);
    expect(await again.offset(empty)).toBe(0);
    const done = await again.patch(path, 100_000, bytes.subarray(100_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
    await again.remove(empty);
    expect(storedFiles(place)).toEqual([idOf(path)]);
    expect(await second.app.get(DataSource).query('SELECT * FROM uploads')).toEqual([]);
  });
});
