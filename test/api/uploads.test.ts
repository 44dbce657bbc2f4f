import { Readable } from 'node:stream';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import type { Uploading } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

const downloaded = async (id: string): Promise<Buffer> => {
  const { api } = await service.given.admin();
  const answer = await api
    .get(`/archives/${id}/content`)
    .buffer(true)
    .parse((res, done) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => done(null, Buffer.concat(chunks)));
    })
    .expect(200);
  return answer.body as Buffer;
};

describe.each(['form', 'put', 'post'] as const)('an upload by %s', (way) => {
  it('is answered with all that the customer has to know', async () => {
    const token = await service.given.uploadToken({ attempts: 3 });
    const bytes = noise(100_000);
    const answer = await upload(service.url, token, { way, name: 'logs.tar.gz', bytes });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      ticket: token.ticket,
      filename: 'logs.tar.gz',
      size: bytes.length,
      sha256: sha256Of(bytes),
      uploadedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      attemptsLeft: 2,
    });
    expect(answer.headers.location).toBe(`/api/v1/archives/${answer.body.id}`);
    expect(answer.headers['repr-digest']).toBe(digestOf(bytes));
  });

  it('is listed at its Location with the same facts', async () => {
    const token = await service.given.uploadToken();
    const stored = await upload(service.url, token, { way, name: 'a.log', bytes: 'four' });
    const { api } = await service.given.admin();
    const { body } = await api
      .get(String(stored.headers.location).replace('/api/v1', ''))
      .expect(200);
    const { attemptsLeft: _, ...receipt } = stored.body;
    expect(body).toMatchObject({ ...receipt, tokenId: token.id, state: 'stored' });
  });

  it.each([1, 65_535, 65_536, 65_537, 3 * 1024 * 1024 + 7])(
    'keeps %i bytes as they were sent, with and without a declared length',
    async (size) => {
      const token = await service.given.uploadToken();
      const bytes = noise(size, size);
      const chunked = Readable.from([bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)]);
      for (const sent of [bytes, chunked]) {
        const { body } = await upload(service.url, token, { way, bytes: sent });
        expect(body).toMatchObject({ size, sha256: sha256Of(bytes) });
        expect((await downloaded(body.id)).equals(bytes)).toBe(true);
      }
    },
  );

  it('takes its address with a slash at the end too', async () => {
    const token = await service.given.uploadToken();
    const path = way === 'form' ? '/archives/' : '/archives/logs.tgz/';
    const form = Buffer.from(
      '--b\r\nContent-Disposition: form-data; name="file"; filename="logs.tgz"\r\n\r\nbytes\r\n--b--\r\n',
    );
    const answer = await send(`${service.url}/api/v1${path}`, {
      method: way === 'put' ? 'PUT' : 'POST',
      headers: {
        'Upload-Token': token.value,
        ...(way === 'form' ? { 'Content-Type': 'multipart/form-data; boundary=b' } : {}),
      },
      body: way === 'form' ? form : 'bytes',
    });
    expect(answer).toMatchObject({ status: 201, body: { filename: 'logs.tgz', size: 5 } });
  });
});

describe('a raw body', () => {
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain; charset=utf-16',
    'application/gzip',
    '*',
  ];
  it.each(types)('of the type %s is an archive and nothing else', async (type) => {
    const token = await service.given.uploadToken();
    const bytes = '{"a": [1, &b=%zz';
    for (const way of ['put', 'post'] as const) {
      const headers = { 'Content-Type': type };
      const answer = await upload(service.url, token, { way, bytes, headers });
      expect(answer).toMatchObject({ status: 201, body: { sha256: sha256Of(bytes) } });
    }
  });

  it('that is only a part of the file is not taken for the whole', async () => {
    const token = await service.given.uploadToken();
    const headers = { 'Content-Range': 'bytes 1000-1999/2000' };
    const answer = await upload(service.url, token, { way: 'put', headers });
    expectProblem(answer, 'validation-failed');
    expect(answer.body.detail).toContain('/api/v1/uploads');
  });

  it('is kept compressed when the customer says that it is', async () => {
    const token = await service.given.uploadToken();
    const headers = { 'Content-Encoding': 'gzip' };
    const answer = await upload(service.url, token, { way: 'put', bytes: 'not gzip', headers });
    expect(answer).toMatchObject({ status: 201, body: { sha256: sha256Of('not gzip') } });
  });

  it('that is a form is unpacked under POST, as collectors send it, and not under PUT', async () => {
    const token = await service.given.uploadToken();
    const body =
      '--b\r\nContent-Disposition: form-data; name="file"; filename="in.log"\r\n\r\nbytes\r\n--b--\r\n';
    const headers = {
      'Upload-Token': token.value,
      'Content-Type': 'multipart/form-data; boundary=b',
    };
    const url = `${service.url}/api/v1/archives/out.log`;
    expect(await send(url, { method: 'POST', headers, body })).toMatchObject({
      status: 201,
      body: { filename: 'in.log', size: 5 },
    });
    expect(await send(url, { method: 'PUT', headers, body })).toMatchObject({
      status: 201,
      body: { filename: 'out.log', size: body.length },
    });
  });
});

describe('the token', () => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const places: [string, (value: string) => Record<string, string>][] = [
    ['in its own header', (value) => ({ 'Upload-Token': value })],
    ['with spaces around it', (value) => ({ 'Upload-Token': `  ${value} \t ` })],
    ['as a Bearer', (value) => ({ Authorization: `Bearer ${value}` })],
    ['as a bearer in small letters', (value) => ({ Authorization: `bearer   ${value} ` })],
    ['as the password of Basic', (value) => ({ Authorization: basic(`anybody:${value}`) })],
    ['as the password of nobody', (value) => ({ Authorization: basic(`:${value}`) })],
    [
      'as a password with the end of a line after it',
      (value) => ({ Authorization: basic(`anybody:${value} \r\n`) }),
    ],
    [
      'in two headers that agree',
      (value) => ({ 'Upload-Token': value, Authorization: `Bearer ${value}` }),
    ],
  ];
  it.each(places)('is taken %s', async (_, headersOf) => {
    const token = await service.given.uploadToken();
    const headers = headersOf(token.value);
    for (const way of ['form', 'put'] as const) {
      const answer = await upload(service.url, null, { way, headers });
      expect(answer).toMatchObject({ status: 201, body: { ticket: token.ticket } });
    }
  });

  it('is taken beside the Authorization that a proxy in front asks for', async () => {
    const token = await service.given.uploadToken();
    const headers = { Authorization: basic('proxy:secret') };
    expect(await upload(service.url, token, { headers })).toMatchObject({ status: 201 });
  });

  const absent: [string, Record<string, string>][] = [
    ['no header', {}],
    ['an empty header', { 'Upload-Token': '' }],
    ['a header of spaces', { 'Upload-Token': '   ' }],
    ['an empty password', { Authorization: basic('anybody:') }],
  ];
  it.each(absent)('is asked for where there is %s', async (_, headers) => {
    const answer = await upload(service.url, null, { way: 'put', headers });
    expectProblem(answer, 'credentials-missing');
    expect(answer.headers['www-authenticate']).toMatch(/Basic realm=.*Bearer realm=/);
  });

  it.each(['Bearer ', basic('anybody'), 'Digest lct_x', 'lct_x', '='])(
    'is unknown where the Authorization is %j, which holds none',
    async (authorization) => {
      const headers = { Authorization: authorization };
      expectProblem(await upload(service.url, null, { way: 'put', headers }), 'token-unknown');
    },
  );

  const wrong = [
    `lct_${'A'.repeat(32)}`,
    'lct_short',
    `lck_${'A'.repeat(32)}`,
    '[object Object]',
    '{"$ne":null}',
    '["lct_"]',
    "lct_' OR 1=1 --",
    'null',
    'lct_%00',
    'x'.repeat(8000),
  ];
  it.each(wrong.map((value) => [value.slice(0, 36), value]))(
    'is unknown as %s',
    async (_, value) => {
      for (const headers of [{ 'Upload-Token': value }, { Authorization: `Bearer ${value}` }]) {
        const answer = await upload(service.url, null, { way: 'put', headers });
        const { detail } = expectProblem(answer, 'token-unknown');
        expect(detail).not.toContain(value);
        // Whose program knows our header is not asked for a password by his browser.
        const basic = 'Upload-Token' in headers ? '' : 'Basic realm=.*';
        expect(answer.headers['www-authenticate']).toMatch(new RegExp(`^${basic}Bearer realm=`));
      }
    },
  );

  it('is unknown where two are sent that differ', async () => {
    const [one, two] = [await service.given.uploadToken(), await service.given.uploadToken()];
    const headers = { 'Upload-Token': one.value, Authorization: `Bearer ${two.value}` };
    expectProblem(await upload(service.url, null, { way: 'put', headers }), 'token-unknown');
    const socket = await rawSocket(service.url);
    socket.write(
      `PUT /api/v1/archives/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nUpload-Token: ${one.value}\r\n` +
        `Upload-Token: ${two.value}\r\n\r\nx`,
    );
    expect(await socket.until(/token-unknown/)).toMatch(/^HTTP\/1\.1 401 /);
    socket.end();
  });

  it('is not looked for in the address, and does not come back in the answer', async () => {
    const { value } = await service.given.uploadToken();
    for (const query of ['token', 'upload-token', 'access_token']) {
      const answer = await send(`${service.url}/api/v1/archives/a.log?${query}=${value}`, {
        method: 'PUT',
        body: 'x',
      });
      expectProblem(answer, 'credentials-missing');
      expect(answer.text).not.toContain(value);
    }
    expect(service.log.text).not.toContain(value);
  });

  it('costs nothing by looking at it', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const url = `${service.url}/api/v1`;
    const headers = { 'Upload-Token': token.value };
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      for (const path of ['/upload-token', '/archives', '/archives/logs.tgz'])
        await send(url + path, { method, headers });
    expect(await tokenState(service.url, token)).toMatchObject({
      state: 'active',
      attemptsLeft: 1,
    });
  });
});

it('keeps nothing of an upload that was refused', async () => {
  const before = storedFiles(service.place);
  const refused: Uploading[] = [{ way: 'form' }, { way: 'put' }, { way: 'post' }];
  for (const uploading of refused) await upload(service.url, `lct_${'B'.repeat(32)}`, uploading);
  expect(storedFiles(service.place)).toEqual(before);
});
