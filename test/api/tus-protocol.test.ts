import { Readable } from 'node:stream';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { download } from '../support/download.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { archiveOf, base64, bytesType, tus, uploadWithTusClient } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const size = 100_000;
const bytes = noise(size);
let service: TestService;
beforeAll(async () => {
  service = await startedService({ MAX_UPLOAD_BYTES: '10000000' });
});

/** A customer with a token of five attempts. */
const customer = async () => {
  const token = await service.given.uploadToken({ attempts: 5 });
  return { token, ...tus(service.url, token) };
};

const archive = async (id: string): Promise<Answer['body']> => {
  const { api } = await service.given.admin();
  return (await api.get(`/archives/${id}`).expect(200)).body;
};

describe('what the service can do', () => {
  it('is said to everybody', async () => {
    for (const path of ['/api/v1/uploads', '/api/v1/uploads/']) {
      const answer = await send(service.url + path, { method: 'OPTIONS' });
      expect(answer).toMatchObject({
        status: 204,
        headers: {
          'tus-resumable': '1.0.0',
          'tus-version': '1.0.0',
          'tus-max-size': '10000000',
          'tus-checksum-algorithm': 'sha256',
        },
      });
      expect(String(answer.headers['tus-extension']).split(',').sort()).toEqual(
        [
          ...['checksum', 'creation', 'creation-defer-length', 'creation-with-upload'],
          ...['expiration', 'termination'],
        ].sort(),
      );
    }
  });

  it('is for version 1.0.0, which every answer names', async () => {
    const { create, begun, head, patch, remove } = await customer();
    const path = await begun({ length: size });
    const answers = [
      await create({ length: 'x' as unknown as number }),
      await head(path),
      await head(`${path}x`),
      await patch(path, 7, 'wrong place'),
      await patch(path, 0, 'right place'),
      await remove(path),
      await remove(path),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 200, 404, 409, 204, 204, 404]);
    for (const { headers } of answers) expect(headers['tus-resumable']).toBe('1.0.0');
  });

  it.each([undefined, '0.2.2', '1.0.1', ''])('is not for version %j', async (asked) => {
    const { token, begun, offset } = await customer();
    const path = await begun({ length: size });
    const headers = {
      'Upload-Token': token.value,
      ...(asked === undefined ? {} : { 'Tus-Resumable': asked }),
    };
    const bring = { 'Upload-Offset': 0, 'Content-Type': bytesType };
    const answers = [
      await send(`${service.url}/api/v1/uploads`, {
        method: 'POST',
        headers: { ...headers, 'Upload-Length': 5 },
      }),
      await send(service.url + path, {
        method: 'PATCH',
        headers: { ...headers, ...bring },
        body: 'abc',
      }),
      await send(service.url + path, { method: 'DELETE', headers }),
    ];
    for (const answer of answers) {
      expectProblem(answer, 'tus-version-unsupported');
      expect(answer.headers).toMatchObject({ 'tus-version': '1.0.0', 'tus-resumable': '1.0.0' });
    }
    const head = await send(service.url + path, { method: 'HEAD', headers });
    expect(head).toMatchObject({ status: 412, headers: { 'tus-version': '1.0.0' } });
    expect(await offset(path)).toBe(0);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });
});

describe('an upload in several requests', () => {
  it('is made, goes on from its offset and ends as an archive', async () => {
    const { token, create, head, patch, offset } = await customer();
    const made = await create({ length: size, name: 'журнал 1.tgz' });
    expect(made).toMatchObject({ status: 201, text: '' });
    const path = String(made.headers.location);
    expect(path).toMatch(/^\/api\/v1\/uploads\/[0-9a-f-]{36}$/);
    // As HTTP writes dates (tus 1.0.0, "Upload-Expires").
    expect(made.headers['upload-expires']).toMatch(
      /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
    );
    expect(Date.parse(String(made.headers['upload-expires']))).toBeGreaterThan(Date.now());

    const begun = await head(path);
    expect(begun).toMatchObject({
      status: 200,
      headers: {
        'upload-offset': '0',
        'upload-length': String(size),
        'upload-metadata': `filename ${base64('журнал 1.tgz')}`,
        'cache-control': expect.stringContaining('no-store') as string,
        'upload-expires': expect.any(String) as string,
      },
    });
    expect(begun.headers['archive-id']).toBeUndefined();

    const first = await patch(path, 0, bytes.subarray(0, 30_000));
    expect(first).toMatchObject({ status: 204, text: '', headers: { 'upload-offset': '30000' } });
    expect(first.headers['upload-expires']).toBeDefined();
    expect(first.headers['archive-id']).toBeUndefined();
    expect(await offset(path)).toBe(30_000);
    // Without a length of its own: chunked.
    const second = await patch(path, 30_000, Readable.from([bytes.subarray(30_000, 70_000)]));
    expect(second).toMatchObject({ status: 204, headers: { 'upload-offset': '70000' } });
    // A request may bring nothing.
    expect(await patch(path, 70_000, '')).toMatchObject({
      status: 204,
      headers: { 'upload-offset': '70000' },
    });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    const last = await patch(path, 70_000, bytes.subarray(70_000));
    expect(last).toMatchObject({
      status: 204,
      text: '',
      headers: { 'upload-offset': String(size), 'repr-digest': digestOf(bytes) },
    });
    const id = archiveOf(last);
    expect(await archive(id)).toMatchObject({
      ticket: token.ticket,
      tokenId: token.id,
      filename: 'журнал 1.tgz',
      size,
      sha256: sha256Of(bytes),
      state: 'stored',
    });
    const { api } = await service.given.admin();
    expect((await download(api, id).expect(200)).body).toEqual(bytes);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('is still known when it is complete, and takes and loses nothing more', async () => {
    const { token, begun, head, patch, remove } = await customer();
    const path = await begun({ length: size });
    const id = archiveOf(await patch(path, 0, bytes));
    for (let times = 0; times < 2; times += 1) {
      const asked = await head(path);
      expect(asked).toMatchObject({
        status: 200,
        headers: {
          'upload-offset': String(size),
          'upload-length': String(size),
          'repr-digest': digestOf(bytes),
        },
      });
      expect(archiveOf(asked)).toBe(id);
      expect((await patch(path, 0, bytes)).status).toBeGreaterThanOrEqual(400);
      expect((await patch(path, size, 'more')).status).toBeGreaterThanOrEqual(400);
      const other = { 'Repr-Digest': digestOf('other') };
      expectProblem(await patch(path, size, '', other), 'upload-offset-mismatch');
      const nothing = await patch(path, size, '');
      expect(nothing).toMatchObject({ status: 204, headers: { 'upload-offset': String(size) } });
      expect(archiveOf(nothing)).toBe(id);
      expectProblem(await remove(path), 'not-found');
    }
    expect(await archive(id)).toMatchObject({ size, sha256: sha256Of(bytes) });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('may begin with its creation, with a part or with all of it', async () => {
    const { token, create, head, patch } = await customer();
    const part = await create({ length: size, body: bytes.subarray(0, 40_000) });
    expect(part).toMatchObject({ status: 201, headers: { 'upload-offset': '40000' } });
    const path = String(part.headers.location);
    expect(archiveOf(await patch(path, 40_000, bytes.subarray(40_000)))).toBeDefined();

    const whole = await create({ length: size, body: Readable.from([bytes]) });
    expect(whole).toMatchObject({
      status: 201,
      headers: { 'upload-offset': String(size), 'repr-digest': digestOf(bytes) },
    });
    const id = archiveOf(whole);
    expect(archiveOf(await head(String(whole.headers.location)))).toBe(id);
    expect(await archive(id)).toMatchObject({ sha256: sha256Of(bytes) });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
  });

  it('goes on at any address that ends with a slash, and by POST where PATCH cannot pass', async () => {
    const { token, create, head, patch, offset } = await customer();
    const made = await send(`${service.url}/api/v1/uploads/`, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Token': token.value, 'Upload-Length': size },
    });
    expect(made.status).toBe(201);
    const path = String(made.headers.location);
    expect(await head(`${path}/`)).toMatchObject({ status: 200 });
    expect(await patch(`${path}/`, 0, bytes.subarray(0, 10))).toMatchObject({ status: 204 });
    const overriding = (to: string, method: string, body: Buffer | string = '', headers = {}) =>
      send(service.url + to, {
        method: 'POST',
        headers: {
          ...{ 'Tus-Resumable': '1.0.0', 'Upload-Token': token.value, ...headers },
          'X-HTTP-Method-Override': method,
        },
        body,
      });
    const bring = { 'Content-Type': bytesType, 'Upload-Offset': 10 };
    const patched = await overriding(path, 'PATCH', bytes.subarray(10, 30), bring);
    expect(patched).toMatchObject({ status: 204, headers: { 'upload-offset': '30' } });
    expect(await offset(path)).toBe(30);
    expect(await overriding(path, 'DELETE')).toMatchObject({ status: 204 });
    expect(await head(path)).toMatchObject({ status: 404 });
    // Without the header a POST to an upload means nothing.
    const other = await create({ length: size });
    const posted = await send(service.url + String(other.headers.location), {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Token': token.value },
    });
    expectProblem(posted, 'method-not-allowed');
  });
});

describe('an upload that its client ends', () => {
  it('is gone with its bytes, and gives its attempt back', async () => {
    const { token, begun, head, patch, remove } = await customer();
    const files = storedFiles(service.place);
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 50_000));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    expect(await remove(path)).toMatchObject({ status: 204, text: '' });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
    expect(storedFiles(service.place)).toEqual(files);
    expect(await head(path)).toMatchObject({ status: 404 });
    expectProblem(await patch(path, 50_000, bytes.subarray(50_000)), 'not-found');
    expectProblem(await remove(path), 'not-found');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });
});

describe('tus-js-client', () => {
  it.each([
    ['in one request', { chunkSize: Infinity }, 2],
    ['in pieces', { chunkSize: 30_000 }, 5],
    ['with its creation', { uploadDataDuringCreation: true }, 1],
    ['with its creation in pieces', { uploadDataDuringCreation: true, chunkSize: 30_000 }, 4],
    ['by POST alone', { overridePatchMethod: true, chunkSize: 60_000 }, 3],
  ])('delivers a file %s', async (_how, wishes, requests) => {
    const { token } = await customer();
    const metadata = { filename: 'a b.tgz', filetype: 'application/gzip', empty: '' };
    const sent = await uploadWithTusClient(service.url, token, bytes, { metadata, ...wishes });
    expect(sent.requests).toHaveLength(requests);
    expect(sent.reprDigest).toBe(digestOf(bytes));
    expect(await archive(sent.archiveId)).toMatchObject({
      filename: 'a b.tgz',
      sha256: sha256Of(bytes),
    });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('delivers a stream whose length nobody knows', async () => {
    const { token } = await customer();
    const pieces = [bytes.subarray(0, 33_000), bytes.subarray(33_000)];
    const sent = await uploadWithTusClient(service.url, token, Readable.from(pieces), {
      uploadLengthDeferred: true,
      chunkSize: 20_000,
    });
    expect(await archive(sent.archiveId)).toMatchObject({ size, sha256: sha256Of(bytes) });
  });
});
