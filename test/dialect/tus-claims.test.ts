import { Readable } from 'node:stream';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { expectProblem } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { archiveOf, base64, checksumOf, tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const size = 100_000;
const bytes = noise(size);
let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

const customer = async () => {
  const token = await service.given.uploadToken({ attempts: 5 });
  return { token, ...tus(service.url, token) };
};

const archives = async (ticket: string): Promise<Answer['body'][]> => {
  const { api } = await service.given.admin();
  const { body } = await api.get(`/archives?ticket=${ticket}`).expect(200);
  return (body as { items: Answer['body'][] }).items;
};

describe('the checksum of a chunk', () => {
  it('lets the right bytes pass and drops the wrong ones, of known length or not', async () => {
    const { token, begun, patch, offset } = await customer();
    const path = await begun({ length: size });
    const first = bytes.subarray(0, 40_000);
    const headers = { 'Upload-Checksum': checksumOf(first) };
    expect(await patch(path, 0, first, headers)).toMatchObject({ status: 204 });
    const second = bytes.subarray(40_000, 90_000);
    for (const [sent, claimed] of [
      [noise(50_000, 2), second],
      [Readable.from([second.subarray(0, 49_999)]), second],
      [Readable.from([second, Buffer.from('x')]), second],
      [second, second.subarray(1)],
      [second, Buffer.of()],
    ] as const) {
      const answer = await patch(path, 40_000, sent, { 'Upload-Checksum': checksumOf(claimed) });
      expect(answer.status).toBe(460);
      expectProblem(answer, 'checksum-mismatch');
      expect(await offset(path)).toBe(40_000);
    }
    const checked = { 'Upload-Checksum': checksumOf(second) };
    expect(await patch(path, 40_000, Readable.from([second]), checked)).toMatchObject({
      status: 204,
      headers: { 'upload-offset': '90000' },
    });
    // The one that would complete the file is dropped like any other.
    const last = bytes.subarray(90_000);
    const wrong = await patch(path, 90_000, noise(10_000, 3), {
      'Upload-Checksum': checksumOf(last),
    });
    expectProblem(wrong, 'checksum-mismatch');
    expect(await archives(token.ticket)).toEqual([]);
    expect(await offset(path)).toBe(90_000);
    const done = await patch(path, 90_000, last, { 'Upload-Checksum': checksumOf(last) });
    expect(done).toMatchObject({ status: 204, headers: { 'repr-digest': digestOf(bytes) } });
    expect(await archives(token.ticket)).toMatchObject([{ sha256: sha256Of(bytes) }]);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it.each([
    'md5 1B2M2Y8AsgTpgAmY7PhCfg==',
    'sha256',
    'sha256 ',
    'sha256 not base64',
    `sha256 ${base64('too short')}`,
    sha256Of(bytes),
  ])('cannot be %j', async (checksum) => {
    const { begun, patch, offset } = await customer();
    const path = await begun({ length: size });
    const answer = await patch(path, 0, bytes, { 'Upload-Checksum': checksum });
    expectProblem(answer, 'validation-failed');
    expect(await offset(path)).toBe(0);
  });

  it('holds for what comes with the creation too', async () => {
    const { token, create } = await customer();
    const whole = await create({
      length: size,
      body: bytes,
      headers: { 'Upload-Checksum': checksumOf(bytes) },
    });
    expect(whole).toMatchObject({ status: 201, headers: { 'repr-digest': digestOf(bytes) } });
    const files = storedFiles(service.place);
    const wrong = await create({
      length: size,
      body: noise(size, 2),
      headers: { 'Upload-Checksum': checksumOf(bytes) },
    });
    expectProblem(wrong, 'checksum-mismatch');
    // Nobody was told of an upload that could go on.
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    expect(storedFiles(service.place)).toEqual(files);
  });
});

describe('the digest of the whole file', () => {
  it('lets it pass where it fits, however it came', async () => {
    const { begun, patch } = await customer();
    const path = await begun({ length: size, headers: { 'Repr-Digest': digestOf(bytes) } });
    await patch(path, 0, bytes.subarray(0, 60_000));
    archiveOf(await patch(path, 60_000, bytes.subarray(60_000)));
  });

  it('stores nothing where it does not fit, and gives the attempt back', async () => {
    const { token, create, begun, head, patch } = await customer();
    const files = storedFiles(service.place);
    const headers = { 'Repr-Digest': digestOf('something else') };
    const path = await begun({ length: size, headers });
    expect(await patch(path, 0, bytes.subarray(0, 60_000))).toMatchObject({ status: 204 });
    const { detail } = expectProblem(
      await patch(path, 60_000, bytes.subarray(60_000)),
      'digest-mismatch',
    );
    expect(detail).toContain(sha256Of(bytes));
    expect(detail).toContain(sha256Of('something else'));
    expect(await head(path)).toMatchObject({ status: 404 });
    expectProblem(await create({ length: size, body: bytes, headers }), 'digest-mismatch');
    expect(storedFiles(service.place)).toEqual(files);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it('is refused at once where it cannot be read', async () => {
    const { token, create } = await customer();
    const headers = { 'Repr-Digest': 'sha-256=:not-base64:' };
    expectProblem(await create({ headers }), 'validation-failed');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });
});

describe('an upload whose creation is repeated with the same key', () => {
  const keyed = (key: string) => ({ length: size, headers: { 'Idempotency-Key': key } });

  it('is the same one, unfinished and finished, and costs one attempt', async () => {
    const { token, begun, patch, offset, head } = await customer();
    const path = await begun(keyed('one'));
    await patch(path, 0, bytes.subarray(0, 60_000));
    expect(await begun(keyed('one'))).toBe(path);
    expect(await offset(path)).toBe(60_000);
    const id = archiveOf(await patch(path, 60_000, bytes.subarray(60_000)));
    expect(await begun(keyed('one'))).toBe(path);
    expect(archiveOf(await head(path))).toBe(id);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    expect(await begun(keyed('two'))).not.toBe(path);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
  });

  it('is the same one though many are made at once', async () => {
    const { token, create } = await customer();
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(keyed('many'))));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('is refused while the same file comes in one request', async () => {
    const { token, create } = await customer();
    const { headers } = keyed('one request');
    const first = await uploadUnderWay(service.url, token, { headers });
    const refused = await create(keyed('one request'));
    expectProblem(refused, 'request-in-progress');
    expect(refused.headers['retry-after']).toBe('5');
    expect(await first.finish()).toMatchObject({ status: 201 });
  });

  it('is found with a token that has no attempt left', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const { begun, create } = tus(service.url, token);
    const path = await begun(keyed('last'));
    expect(await begun(keyed('last'))).toBe(path);
    expectProblem(await create(keyed('more')), 'token-exhausted');
  });

  it('belongs to its token', async () => {
    const [one, two] = [await customer(), await customer()];
    const path = await one.begun(keyed('shared'));
    expect(await two.begun(keyed('shared'))).not.toBe(path);
  });

  it('is begun anew where the first one was ended', async () => {
    const { token, begun, remove } = await customer();
    const path = await begun(keyed('ended'));
    await remove(path);
    expect(await begun(keyed('ended'))).not.toBe(path);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('is found though it came another way in', async () => {
    const { token, begun, create, patch } = await customer();
    const headers = { 'Idempotency-Key': 'mixed' };
    const stored = await upload(service.url, token, { way: 'put', bytes, headers });
    expect(stored).toMatchObject({ status: 201 });
    // The same file, whatever way it came: there is nothing left to send.
    const path = String((await create({ length: size, headers })).headers.location);
    expect(path).toBe(`/api/v1/uploads/${stored.body.id}`);
    const other = await begun({ length: size, headers: { 'Idempotency-Key': 'other way' } });
    await patch(other, 0, bytes.subarray(0, 10));
    const put = await upload(service.url, token, {
      way: 'put',
      bytes,
      headers: { 'Idempotency-Key': 'other way' },
    });
    expectProblem(put, 'idempotency-key-reused');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
  });

  it.each(['ключ', 'x'.repeat(129), 'tab\there'])('cannot have the key %j', async (key) => {
    const { token, create } = await customer();
    // Node refuses to send other than Latin-1; a client may send UTF-8 bytes all the same.
    const headers = { 'Idempotency-Key': Buffer.from(key).toString('latin1') };
    expectProblem(await create({ headers }), 'validation-failed');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });
});
