import { rmSync, truncateSync } from 'node:fs';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { bytesOf, download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import type { Person } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, openStoreFiles } from '../support/store-files.js';

const bytes = noise(700_000);
const etag = `"${sha256Of(bytes)}"`;
let service: TestService;
let engineer: Person;
let id: string;
beforeAll(async () => {
  service = await startedService();
  engineer = await service.given.engineer();
  id = String((await service.given.archive({ name: 'all logs.tgz', bytes })).id);
});

describe('a whole download', () => {
  it('gives the bytes, and says what they are', async () => {
    const answer = await download(engineer.api, id).expect(200);
    expect((answer.body as Buffer).equals(bytes)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="all logs.tgz"',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      'repr-digest': digestOf(bytes),
      'cache-control': 'no-store',
      etag,
    });
    expect(answer.headers['content-security-policy']).toContain('sandbox');
  });

  it('says the same to HEAD, without the bytes', async () => {
    const { headers } = await download(engineer.api, id).expect(200);
    const { date: _, 'x-request-id': __, ...same } = headers as Record<string, string>;
    const head = await engineer.api.head(`/archives/${id}/content`).expect(200);
    expect(head.headers).toMatchObject(same);
    expect(head.text).toBeFalsy();
  });

  it('is never compressed, whatever the browser would like', async () => {
    const accepting = { 'Accept-Encoding': 'gzip, deflate, br', Accept: 'text/html' };
    for (const headers of [accepting, { ...accepting, Range: 'bytes=0-9999' }]) {
      const answer = await download(engineer.api, id, headers);
      expect(answer.headers['content-encoding']).toBeUndefined();
      expect(answer.headers['content-type']).toBe('application/octet-stream');
      expect(bytes.indexOf(answer.body as Buffer)).toBe(0);
    }
  });

  it('is not shown as a page, even where the customer calls it one', async () => {
    const page = await service.given.archive({
      name: 'x.html',
      bytes: '<script>alert(1)</script>',
    });
    const { headers } = await download(engineer.api, String(page.id)).expect(200);
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(headers['content-disposition']).toMatch(/^attachment;/);
  });
});

describe('a part of an archive', () => {
  const last = bytes.length - 1;
  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-', 0, last],
    ['bytes=100-199', 100, 199],
    ['bytes=-1', last, last],
    ['bytes=-1000', last - 999, last],
    [`bytes=-${bytes.length + 5}`, 0, last],
    [`bytes=${last}-`, last, last],
    ['bytes=5-99999999999', 5, last],
    ['Bytes=1-2', 1, 2],
    ['bytes= 1-2 ', 1, 2],
  ])('is given for %j', async (range, first, end) => {
    const answer = await download(engineer.api, id, { Range: range }).expect(206);
    expect((answer.body as Buffer).equals(bytes.subarray(first, end + 1))).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-range': `bytes ${first}-${end}/${bytes.length}`,
      'content-length': String(end - first + 1),
      'repr-digest': digestOf(bytes),
      etag,
    });
  });

  it.each([
    'bytes=1-0',
    'bytes=a-b',
    'bytes=-',
    'bytes',
    'lines=1-2',
    'bytes=0-1,5-6',
    'bytes=1.5-2',
    '',
  ])('is not what %j asks for: the whole is given', async (range) => {
    const answer = await download(engineer.api, id, { Range: range }).expect(200);
    expect((answer.body as Buffer).length).toBe(bytes.length);
  });

  it.each([`bytes=${bytes.length}-`, 'bytes=99999999-', 'bytes=-0'])(
    'that is not there is refused: %j',
    async (range) => {
      const answer = await engineer.api.get(`/archives/${id}/content`).set({ Range: range });
      expectProblem(answer, 'range-not-satisfiable');
      expect(answer.headers['content-range']).toBe(`bytes */${bytes.length}`);
      expect(answer.headers['content-disposition']).toBeUndefined();
    },
  );

  it('is given only while the archive is the one that the client knows', async () => {
    const Range = 'bytes=0-9';
    await download(engineer.api, id, { Range, 'If-Range': etag }).expect(206);
    for (const other of ['"other"', `W/${etag}`, 'Wed, 21 Oct 2026 07:28:00 GMT', '*'])
      await download(engineer.api, id, { Range, 'If-Range': other }).expect(200);
  });

  it('puts together what was cut anywhere', async () => {
    const cuts = [0, 1, 65_536, 262_144, 524_288, 699_999];
    const parts = await Promise.all(
      cuts.map(async (first, at) => {
        const Range = `bytes=${first}-${(cuts[at + 1] ?? bytes.length) - 1}`;
        return (await download(engineer.api, id, { Range }).expect(206)).body as Buffer;
      }),
    );
    expect(sha256Of(Buffer.concat(parts))).toBe(sha256Of(bytes));
  });
});

describe('a client that has the archive already', () => {
  it.each([etag, `W/${etag}`, `"other", ${etag}`, '*'])('is told so: %.20s', async (tags) => {
    for (const method of ['get', 'head'] as const) {
      const answer = await engineer.api[method](`/archives/${id}/content`).set(
        'If-None-Match',
        tags,
      );
      expect(answer).toMatchObject({ status: 304, headers: { etag } });
      expect(answer.headers['content-length'] ?? '0').toBe('0');
    }
  });

  it('is sent it where it has another one', async () => {
    await download(engineer.api, id, { 'If-None-Match': '"other"' }).expect(200);
  });
});

describe('a client that means one archive and no other', () => {
  const path = () => `/archives/${id}/content`;

  it.each([etag, `"other", ${etag}`, '*'])('is given it by %.20s', async (tags) => {
    await download(engineer.api, id, { 'If-Match': tags }).expect(200);
    await download(engineer.api, id, { 'If-Match': tags, Range: 'bytes=0-9' }).expect(206);
    await engineer.api.head(path()).set('If-Match', tags).expect(200);
  });

  // Strong comparison: a weak tag names no bytes.
  it.each(['"other"', `W/${etag}`, etag.slice(1, -1)])('is refused it by %.20s', async (tags) => {
    for (const headers of [
      { 'If-Match': tags },
      { 'If-Match': tags, Range: 'bytes=0-9' },
      // It is judged before both of these (RFC 9110, section 13.2.2).
      { 'If-Match': tags, 'If-None-Match': etag },
      { 'If-Match': tags, Range: `bytes=${bytes.length}-` },
    ]) {
      const answer = await engineer.api.get(path()).set(headers);
      expectProblem(answer, 'precondition-failed');
      expect(answer.headers).not.toHaveProperty('content-disposition');
    }
    await engineer.api.head(path()).set('If-Match', tags).expect(412);
  });

  it('keeps a link whose condition failed', async () => {
    const { body } = await engineer.api.post(`/archives/${id}/download-link`).expect(201);
    const { url } = body as { url: string };
    const other = await send(url, { method: 'GET', headers: { 'If-Match': '"other"' } });
    expectProblem(other, 'precondition-failed');
    expect(await send(url, { method: 'GET' })).toMatchObject({ status: 200 });
  });

  it('is told of no date, so that none is compared', async () => {
    const past = 'Sat, 01 Jan 2000 00:00:00 GMT';
    await download(engineer.api, id, { 'If-Unmodified-Since': past }).expect(200);
    await download(engineer.api, id, { 'If-Modified-Since': new Date().toUTCString() }).expect(200);
  });
});

describe('the content of an archive', () => {
  const paths = (of: string) =>
    [
      ['GET', `/archives/${of}/content`],
      ['HEAD', `/archives/${of}/content`],
      ['POST', `/archives/${of}/download-link`],
    ] as const;
  const answered = (headers: Record<string, string>) =>
    Promise.all(
      paths(id).map(([method, path]) => send(`${service.url}/api/v1${path}`, { method, headers })),
    );

  it('is for people with a second factor: no key gets it, whatever its scopes', async () => {
    const key = await service.given.apiKey([
      ...(['platforms:read', 'platforms:write', 'tickets:read', 'tickets:write'] as const),
      ...(['archives:read', 'archives:delete', 'storage:read'] as const),
    ]);
    for (const { status, text } of await answered({ Authorization: `Bearer ${key.value}` })) {
      expect(status).toBe(403);
      if (text) expect(text).toContain('session-required');
    }
  });

  it('is not for the customer who sent it', async () => {
    const { value } = await service.given.uploadToken();
    for (const { status, text } of await answered({ 'Upload-Token': value })) {
      expect(status).toBe(403);
      if (text) expect(text).toContain('session-required');
    }
    const [bearer] = await answered({ Authorization: `Bearer ${value}` });
    expect([401, 403]).toContain(bearer?.status);
  });

  it('is not for a password alone, enrolled or not', async () => {
    const { username, password } = engineer.account;
    const api = service.given.stranger();
    await api.post('/auth/login').send({ username, password }).expect(200);
    for (const [method, path] of paths(id).filter(([name]) => name !== 'HEAD')) {
      const answer = await api[method === 'GET' ? 'get' : 'post'](path);
      expectProblem(answer, 'second-factor-required');
    }
    const admin = await service.given.admin();
    const account = { username: 'new-here', password: 'a long and unusual pass phrase 8' };
    await admin.api
      .post('/users')
      .send({ ...account, role: 'engineer' })
      .expect(201);
    const fresh = service.given.stranger();
    await fresh.post('/auth/login').send(account).expect(200);
    const answer = await fresh.get(`/archives/${id}/content`);
    expectProblem(answer, 'second-factor-enrolment-required');
  });

  it('is not for strangers', async () => {
    for (const { status } of await answered({})) expect(status).toBe(401);
  });

  it('is not there where nobody stored it, or the id is none', async () => {
    const { id: gone } = await service.given.archive();
    await engineer.api.delete(`/archives/${gone}`).expect(204);
    for (const other of [String(gone), id.replace(/.$/, 'z'), '..%2f..%2fetc%2fpasswd', '1'])
      expectProblem(await engineer.api.get(`/archives/${other}/content`), 'not-found');
  });

  it('is recorded each time that it was given, with who and what', async () => {
    const { id: fresh } = await service.given.archive({ bytes: noise(50) });
    await download(engineer.api, String(fresh)).expect(200);
    await download(engineer.api, String(fresh), { Range: 'bytes=5-9' }).expect(206);
    await engineer.api.head(`/archives/${fresh}/content`).expect(200);
    await download(engineer.api, String(fresh), { 'If-None-Match': '*' }).expect(304);
    await download(engineer.api, String(fresh), { Range: 'bytes=50-' }).expect(416);
    const { api } = await service.given.admin();
    const { body } = await api.get(`/audit-events?action=archive.downloaded&subject=${fresh}`);
    expect(body).toMatchObject({
      items: [
        { actor: { kind: 'person', id: engineer.id }, details: { range: '5-9' } },
        { actor: { kind: 'person', id: engineer.id }, address: '127.0.0.1' },
      ],
    });
    expect((body as { items: unknown[] }).items).toHaveLength(2);
  });
});

describe('an archive whose file is not what it was', () => {
  it.each([
    ['missing', (path: string) => rmSync(path)],
    ['shorter', (path: string) => truncateSync(path, 49_999)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['longer', (path: string) => truncateSync(path, 50_001)],
  ])('because it is %s is an error, never a short answer', async (_, spoil) => {
    const broken = String((await service.given.archive({ bytes: noise(50_000) })).id);
    spoil(blobPath(service.place, broken));
    for (const headers of [{}, { Range: 'bytes=0-9' }]) {
      const answer = await engineer.api.get(`/archives/${broken}/content`).set(headers);
      expectProblem(answer, 'archive-damaged');
      for (const name of ['content-disposition', 'etag', 'repr-digest', 'content-range'])
        expect(answer.headers[name]).toBeUndefined();
    }
    await engineer.api.head(`/archives/${broken}/content`).expect(500);
    const link = await engineer.api.post(`/archives/${broken}/download-link`).expect(201);
    const { pathname } = new URL((link.body as { url: string }).url);
    const answer = await bytesOf(service.given.stranger().get(pathname.replace('/api/v1', '')));
    expect(answer.status).toBe(500);
    await engineer.api.delete(`/archives/${broken}`).expect(204);
  });
});

it('lets go of the file when a download breaks off', async () => {
  const large = String((await service.given.archive({ bytes: Buffer.alloc(20_000_000, 'x') })).id);
  const { body } = await engineer.api.post(`/archives/${large}/download-link`).expect(201);
  const socket = await rawSocket(service.url);
  socket.write(
    `GET ${new URL((body as { url: string }).url).pathname} HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  await socket.until(/^HTTP\/1\.1 200 .*xxx$/s);
  expect(openStoreFiles(service.place)).toHaveLength(1);
  socket.reset();
  await eventually(() => expect(openStoreFiles(service.place)).toEqual([]));
});
