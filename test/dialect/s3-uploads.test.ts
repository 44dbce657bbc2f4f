import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { isSqlite } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedS3 } from '../support/s3-server.js';
import type { S3Server } from '../support/s3-server.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { archiveOf, checksumOf, tus } from '../support/tus.js';
import { upload } from '../support/upload.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';

const MiB = 1024 ** 2;
const large = noise(17 * MiB + 5);
let s3: S3Server;
let env: Record<string, string>;
let service: TestService;
beforeAll(async () => {
  s3 = await startedS3();
  env = { STORAGE_URL: s3.storageUrl(), S3_DOWNLOADS: 'proxy' };
  service = await startedService(env);
});

/** Names of all objects, but for the store's own mark and what a health check writes for a moment. */
const objects = (): readonly string[] =>
  s3.objects().filter((name) => !/\/\.store-|\/probe-/.test(name));
const nameOf = (id: string): string => `logs/${id.slice(-4, -2)}/${id.slice(-2)}/${id}`;

describe('an archive in S3', () => {
  it.each(['form', 'put'] as const)(
    'comes by %s, small or large, and is given back',
    async (way) => {
      const { api } = await service.given.admin();
      for (const bytes of [noise(10), large]) {
        const { id, sha256 } = await service.given.archive({ way, bytes });
        expect(sha256).toBe(sha256Of(bytes));
        expect(objects()).toEqual([nameOf(id)]);
        const whole = await download(api, id).expect(200);
        expect((whole.body as Buffer).equals(bytes)).toBe(true);
        const range = { Range: 'bytes=1-5' };
        const part = await download(api, id, range).expect(206);
        expect((part.body as Buffer).equals(bytes.subarray(1, 6))).toBe(true);
        await api.delete(`/archives/${id}`).expect(204);
        expect(objects()).toEqual([]);
        expect(s3.uploads()).toEqual([]);
      }
    },
  );

  it('that breaks off, or is refused at its end, leaves nothing behind', async () => {
    const token = await service.given.uploadToken();
    const under = await uploadUnderWay(service.url, token);
    await under.write(large);
    await eventually(() => expect(s3.uploads()).toHaveLength(1));
    under.breakOff();
    const refused = await upload(service.url, token, {
      way: 'put',
      bytes: large,
      headers: { 'Repr-Digest': digestOf('other') },
    });
    expectProblem(refused, 'digest-mismatch');
    await eventually(() => expect([...objects(), ...s3.uploads()]).toEqual([]));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it('goes when its ticket is deleted, also one that is still coming', async () => {
    const { number, token } = await service.given.ticket();
    await service.given.archive({ bytes: large }, token);
    const under = await uploadUnderWay(service.url, token);
    await under.write(large);
    await eventually(() => expect(s3.uploads()).toHaveLength(1));
    const path = await tus(service.url, token).begun({ length: 1000, body: noise(10) });
    const { api } = await service.given.admin();
    await api.delete(`/tickets/${number}`).expect(204);
    // Whoever still sends is told that the token is no more.
    expectProblem(await under.finish(), 'token-unknown');
    expect(await tus(service.url, token).head(path)).toMatchObject({ status: 401 });
    await eventually(() => expect([...objects(), ...s3.uploads()]).toEqual([]));
  });
});

it('what comes by another replica is unknown here, and not nothing', async () => {
  const replicas = await replicasOf(service, 2, env);
  const { number, token } = await service.given.ticket();
  const under = await uploadUnderWay(replicas.at(-1)?.url ?? '', token, {}, 'the first bytes');
  // SQLite is served by one process, which knows.
  const bytes = isSqlite ? 15 : null;
  const { api } = await service.given.admin();
  await eventually(async () => {
    const board = await api.get('/overview').expect(200);
    expect(board.body).toMatchObject({ uploads: { items: [{ ticket: number, bytes }] } });
  });
  const attempts = await api.get(`/tickets/${number}/tokens/${token.id}/attempts`).expect(200);
  expect(attempts.body).toMatchObject({ items: [{ outcome: 'under-way', bytes }] });
  const { body } = await under.finish();
  await api.delete(`/archives/${body.id}`).expect(204);
});

describe('a resumable upload to S3', () => {
  it('goes on at any replica, and what it is told to have stored is stored', async () => {
    const replicas = await replicasOf(service, 2, env);
    const token = await service.given.uploadToken();
    const ends = [7, 3 * MiB, 12 * MiB, large.length];
    const path = await tus(service.url, token).begun({ length: large.length });
    let at = 0;
    for (const [round, end] of ends.entries()) {
      const { offset, patch } = tus((replicas[round % replicas.length] ?? service).url, token);
      expect(await offset(path)).toBe(at);
      // Of what does not have its checksum nothing stays.
      const wrong = { 'Upload-Checksum': checksumOf('other') };
      expectProblem(await patch(path, at, large.subarray(at, end), wrong), 'checksum-mismatch');
      expect(await offset(path)).toBe(at);
      const answer = await patch(path, at, large.subarray(at, end));
      expect(answer).toMatchObject({ status: 204 });
      if (end === large.length) expect(answer.headers['repr-digest']).toBe(digestOf(large));
      at = end;
    }
    const id = archiveOf(await tus(service.url, token).head(path));
    expect(objects()).toEqual([nameOf(id)]);
    const { api } = await service.given.admin();
    expect(((await download(api, id)).body as Buffer).equals(large)).toBe(true);
    await api.delete(`/archives/${id}`).expect(204);
  });

  it('leaves nothing when its client ends it', async () => {
    const token = await service.given.uploadToken();
    const { begun, patch, remove } = tus(service.url, token);
    const path = await begun({ length: large.length });
    await patch(path, 0, large.subarray(0, 9 * MiB));
    expect(objects()).toHaveLength(2);
    expect(await remove(path)).toMatchObject({ status: 204 });
    expect(objects()).toEqual([]);
  });
});

it('has no end of its room: nothing is full, and nobody is told a figure', async () => {
  const token = await service.given.uploadToken();
  const { freeBytes } = await tokenState(service.url, token);
  expect(freeBytes).toBe(Number.MAX_SAFE_INTEGER);
  const { api } = await service.given.admin();
  const { body: storage } = await api.get('/storage').expect(200);
  expect(storage).toMatchObject({ total: null, used: null, free: null, usedPercent: null });
  const { body: overview } = await api.get('/overview').expect(200);
  expect(overview).toMatchObject({
    room: { total: null, free: null, forecast: { outlook: 'unbounded' } },
  });
});
