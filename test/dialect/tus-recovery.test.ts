import { truncateSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { DataSource } from 'typeorm';
import { AdmissionService } from '../../src/uploads/intake/admission.service.js';
import { Archive } from '../../src/archives/archive.entity.js';
import { Upload } from '../../src/uploads/records/upload.entity.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { digestOf, noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, storedFiles } from '../support/store-files.js';
import { archiveOf, checksumOf, idOf, patchUnderWay, tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const size = 100_000;
const bytes = noise(size);
let service: TestService;
beforeAll(async () => {
  service = await startedService({
    UPLOAD_EXPIRY: '60',
    UPLOAD_IDLE_TIMEOUT: '20',
    MAX_UPLOAD_BYTES: '1000000',
  });
});

const customer = async (wishes = {}, of = service) => {
  const token = await of.given.uploadToken({ attempts: 5, ...wishes });
  return { token, ...tus(of.url, token) };
};

/** Lets time pass for an upload: what it does next, it does so many seconds later. */
const aged = async (path: string, seconds: number, of = service): Promise<void> => {
  const { affected } = await of.app
    .get(DataSource)
    .manager.update(
      Upload,
      { id: idOf(path) },
      { activeAt: new Date(Date.now() - 1000 * seconds) },
    );
  expect(affected).toBe(1);
};

const resolving = async (ticket: string, resolved: boolean): Promise<void> => {
  const { api } = await service.given.admin();
  await api.patch(`/tickets/${ticket}`).send({ resolved }).expect(200);
};

describe('an upload whose ticket was resolved at its last byte', () => {
  const complete = async () => {
    const owner = await customer({ attempts: 1 });
    const path = await owner.begun({ length: size });
    const half = await patchUnderWay(service.place, owner, path, 0, bytes.subarray(0, 60_000));
    await resolving(owner.token.ticket, true);
    expectProblem(await half.finish(bytes.subarray(60_000)), 'ticket-resolved');
    return { ...owner, path };
  };

  it('is not taken for one without bytes by another upload of its token', async () => {
    const { token, path, create, head } = await complete();
    await resolving(token.ticket, false);
    await aged(path, 40);
    expectProblem(await create({ length: 10 }), 'token-exhausted');
    const told = await head(path);
    expect(told).toMatchObject({ status: 200, headers: { 'repr-digest': digestOf(bytes) } });
    expect(storedFiles(service.place)).toContain(archiveOf(told));
  });

  it('is not read again as long as it may not be stored', async () => {
    const { token, path, head, patch, offset } = await complete();
    const blob = blobPath(service.place, idOf(path));
    // Whoever read it now would find it damaged.
    truncateSync(blob, 10);
    expect(await head(path)).toMatchObject({ status: 423 });
    expectProblem(await patch(path, size, ''), 'ticket-resolved');
    writeFileSync(blob, bytes);
    await resolving(token.ticket, false);
    expect(await offset(path)).toBe(size);
  });
});

it('an upload that is stored is told of, and stands for its key, also after UPLOAD_EXPIRY', async () => {
  const { token, begun, head, patch } = await customer();
  const keyed = { length: size, headers: { 'Idempotency-Key': 'old' } };
  const path = await begun(keyed);
  const id = archiveOf(await patch(path, 0, bytes));
  const hourAgo = new Date(Date.now() - 3_600_000);
  await service.app.get(DataSource).manager.update(Archive, { id }, { uploadedAt: hourAgo });
  const told = await head(path);
  expect(told).toMatchObject({ status: 200, headers: { 'upload-offset': String(size) } });
  expect(archiveOf(told)).toBe(id);
  expect(await begun(keyed)).toBe(path);
  const answer = await patch(path, size, '');
  expect(answer.status).not.toBe(410);
  expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
});

describe('a key', () => {
  it.each(['unfinished', 'stored'])('of an %s upload stands for that file alone', async (state) => {
    const { token, begun, create, patch, offset } = await customer();
    const keyed = (length: number, of: Buffer) => ({
      length,
      headers: { 'Idempotency-Key': 'one file', 'Repr-Digest': digestOf(of) },
    });
    const path = await begun(keyed(size, bytes));
    const sent = state === 'stored' ? bytes : bytes.subarray(0, 60_000);
    await patch(path, 0, sent);
    expectProblem(await create(keyed(size, noise(size, 2))), 'idempotency-key-reused');
    expectProblem(await create(keyed(size + 1, bytes)), 'idempotency-key-reused');
    const withBytes = { ...keyed(size, noise(size, 2)), body: noise(size, 2) };
    expectProblem(await create(withBytes), 'idempotency-key-reused');
    expect(await begun(keyed(size, bytes))).toBe(path);
    expect(await begun({ length: size, headers: { 'Idempotency-Key': 'one file' } })).toBe(path);
    expect(await offset(path)).toBe(sent.length);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });
});

describe('the digest of the whole', () => {
  it('cannot be another one later than at the creation', async () => {
    const { begun, patch, offset } = await customer();
    const path = await begun({ length: size, headers: { 'Repr-Digest': digestOf(bytes) } });
    const other = { 'Repr-Digest': digestOf('other') };
    expectProblem(await patch(path, 0, bytes, other), 'validation-failed');
    expect(await offset(path)).toBe(0);
    const same = { 'Repr-Digest': digestOf(bytes) };
    archiveOf(await patch(path, 0, bytes, same));
  });

  it('counts at the end whenever it came, also after a restart', async () => {
    const first = await startedService();
    const { token, begun, patch } = await customer({}, first);
    const paths = [await begun({ length: size }), await begun({ length: null })] as const;
    for (const path of paths) {
      const wrong = { 'Repr-Digest': digestOf('other') };
      expect(await patch(path, 0, bytes.subarray(0, 50_000), wrong)).toMatchObject({ status: 204 });
    }
    const ends = [paths[0], { 'Upload-Checksum': checksumOf(bytes.subarray(50_000)) }] as const;
    expectProblem(await patch(ends[0], 50_000, bytes.subarray(50_000), ends[1]), 'digest-mismatch');
    await first.stop();
    const second = await startedService({}, first.place);
    const again = tus(second.url, token);
    const last = { 'Upload-Length': size };
    const answer = await again.patch(paths[1], 50_000, bytes.subarray(50_000), last);
    expectProblem(answer, 'digest-mismatch');
    expect(storedFiles(first.place)).toEqual([]);
    expect(await tokenState(second.url, token)).toMatchObject({ attemptsLeft: 5 });
  });
});

it('bytes beyond the limit are refused before they are sent, though the length is not known', async () => {
  const { token, begun, patch, offset } = await customer();
  const path = await begun({ length: null });
  await patch(path, 0, bytes);
  const asking = async (length: number) => {
    const socket = await rawSocket(service.url);
    socket.write(
      `PATCH ${path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Token: ${token.value}\r\n` +
        `Content-Type: application/offset+octet-stream\r\nUpload-Offset: ${size}\r\n` +
        `Content-Length: ${length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    );
    return socket;
  };
  const over = await asking(1_000_000 - size + 1);
  expect(await over.closed()).toMatch(/^HTTP\/1\.1 413 .*"code":"upload-too-large"/s);
  const right = await asking(10);
  expect(await right.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 100 /);
  right.write('ten bytes.');
  expect(await right.closed()).toMatch(/\r\nHTTP\/1\.1 204 /);
  expect(await offset(path)).toBe(size + 10);
});

describe('an upload that gets nothing but empty requests', () => {
  it('lives no longer for them, and longer for bytes', async () => {
    const { begun, head, patch } = await customer();
    const path = await begun({ length: size });
    await aged(path, 40);
    const expires = async (): Promise<number> =>
      Date.parse(String((await head(path)).headers['upload-expires']));
    const before = await expires();
    expect(await patch(path, 0, '')).toMatchObject({ status: 204 });
    expect(await expires()).toBe(before);
    expect(await patch(path, 0, 'x')).toMatchObject({ status: 204 });
    expect(await expires()).toBeGreaterThan(before);
  });

  it('expires', async () => {
    const own = await startedService({ UPLOAD_EXPIRY: '2' });
    const { token, begun, patch } = await customer({}, own);
    const path = await begun({ length: size });
    await eventually(async () => expectProblem(await patch(path, 0, ''), 'not-found'));
    await own.app.get(SweepService).finish();
    expect(await tokenState(own.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it('keeps no room from others', async () => {
    const own = await startedService({ MAX_UPLOAD_BYTES: String(2 ** 50) });
    const [one, two] = [await customer({}, own), await customer({}, own)];
    const { freeBytes } = await tokenState(own.url, one.token);
    const length = Math.floor(Number(freeBytes) * 0.7);
    const path = await one.begun({ length });
    expectProblem(await two.create({ length }), 'storage-full');
    expect(await one.patch(path, 0, '')).toMatchObject({ status: 204 });
    expect(await two.create({ length })).toMatchObject({ status: 201 });
    expectProblem(await one.patch(path, 0, ''), 'storage-full');
  });
});

describe('a ticket that is deleted under a request that brings bytes', () => {
  const gone = async (ticket: string): Promise<void> => {
    const { api } = await service.given.admin();
    await api.delete(`/tickets/${ticket}`).expect(204);
  };
  const nothingLeft = async (path: string): Promise<void> => {
    await service.app.get(AdmissionService).whenIdle();
    await eventually(() => expect(storedFiles(service.place)).not.toContain(idOf(path)));
  };

  it.each<[string, number, (rest: Buffer) => Record<string, string>]>([
    ['the last ones', size, () => ({})],
    [
      'the last ones with their checksum',
      size,
      (rest) => ({ 'Upload-Checksum': checksumOf(rest) }),
    ],
    ['some', 80_000, () => ({})],
  ])('says so at the end: %s', async (_what, until, headers) => {
    const owner = await customer();
    const path = await owner.begun({ length: size });
    const sent = bytes.subarray(0, until);
    const first = sent.subarray(0, 60_000);
    const half = await patchUnderWay(service.place, owner, path, 0, first, headers(sent));
    await gone(owner.token.ticket);
    const answer = await half.finish(sent.subarray(60_000));
    expectProblem(answer, 'token-unknown');
    await nothingLeft(path);
  });

  it('says so where they come with the creation', async () => {
    const { token, create } = await customer();
    const before = storedFiles(service.place).length;
    const source = new PassThrough();
    const answer = create({ length: size, body: source });
    source.write(bytes.subarray(0, 60_000));
    await eventually(() => expect(storedFiles(service.place)).toHaveLength(before + 1));
    await gone(token.ticket);
    source.end(bytes.subarray(60_000));
    expectProblem(await answer, 'token-unknown');
    await service.app.get(AdmissionService).whenIdle();
    expect(storedFiles(service.place)).toHaveLength(before);
  });

  it('leaves nothing where the line breaks after it, or its bytes are wrong', async () => {
    const owner = await customer();
    const paths = [
      await owner.begun({ length: size }),
      await owner.begun({ length: size }),
    ] as const;
    const first = bytes.subarray(0, 60_000);
    const wrong = { 'Upload-Checksum': checksumOf('other') };
    const cut = await patchUnderWay(service.place, owner, paths[0], 0, first);
    const half = await patchUnderWay(service.place, owner, paths[1], 0, first, wrong);
    await gone(owner.token.ticket);
    cut.breakOff();
    expect((await half.finish()).status).toBeGreaterThanOrEqual(400);
    for (const path of paths) await nothingLeft(path);
  });
});

it('is found below the path that PUBLIC_URL has', async () => {
  const own = await startedService({ PUBLIC_URL: 'http://logs.example/collector/' });
  const { begun, patch } = await customer({}, own);
  const keyed = { length: size, headers: { 'Idempotency-Key': 'k' } };
  const location = await begun(keyed);
  expect(location).toMatch(/^\/collector\/api\/v1\/uploads\/[0-9a-f-]{36}$/);
  expect(await begun(keyed)).toBe(location);
  archiveOf(await patch(location.replace('/collector', ''), 0, bytes));
  expect(await begun(keyed)).toBe(location);
});
