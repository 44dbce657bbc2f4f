import { Readable } from 'node:stream';
import { noise, sha256Of } from '../support/bytes.js';
import { pour } from '../support/greedy-client.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { archiveOf, base64, patchUnderWay, tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const size = 100_000;
const limit = 1_000_000;
const bytes = noise(size);
let service: TestService;
beforeAll(async () => {
  service = await startedService({ MAX_UPLOAD_BYTES: String(limit) });
});

const customer = async () => {
  const token = await service.given.uploadToken({ attempts: 5 });
  return { token, ...tus(service.url, token) };
};

const archive = async (id: string): Promise<Answer['body']> => {
  const { api } = await service.given.admin();
  return (await api.get(`/archives/${id}`).expect(200)).body;
};

const count = async (ticket: string): Promise<number> => {
  const { api } = await service.given.admin();
  const { body } = await api.get(`/archives?ticket=${ticket}`).expect(200);
  return (body as { items: unknown[] }).items.length;
};

describe('a creation', () => {
  const refused: [string, Readonly<Record<string, string>>][] = [
    ['no length', {}],
    ['a length below nothing', { 'Upload-Length': '-1' }],
    ['a broken length', { 'Upload-Length': '1.5' }],
    ['a length in words', { 'Upload-Length': 'ten' }],
    ['a length in hexadecimal', { 'Upload-Length': '0x10' }],
    ['a length that no number holds', { 'Upload-Length': '9'.repeat(30) }],
    ['an empty length', { 'Upload-Length': '' }],
    ['a length that is both known and not', { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }],
    ['a length that is deferred twice', { 'Upload-Defer-Length': '2' }],
    ['a part of several', { 'Upload-Length': '5', 'Upload-Concat': 'partial' }],
    ['metadata that is no base64', { 'Upload-Length': '5', 'Upload-Metadata': 'filename !!' }],
    ['metadata twice', { 'Upload-Length': '5', 'Upload-Metadata': 'a YQ==,a YQ==' }],
  ];
  it.each(refused)('with %s is refused and takes nothing', async (_what, headers) => {
    const { token } = await customer();
    const files = storedFiles(service.place);
    const answer = await send(`${service.url}/api/v1/uploads`, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Token': token.value, ...headers },
    });
    expectProblem(answer, 'validation-failed');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
    expect(storedFiles(service.place)).toEqual(files);
  });

  it('of a file without bytes, or with too many, is refused at once', async () => {
    const { token, create } = await customer();
    expectProblem(await create({ length: 0 }), 'file-empty');
    const { detail } = expectProblem(await create({ length: limit + 1 }), 'upload-too-large');
    expect(detail).toContain(String(limit));
    const over = await create({ length: 10, body: bytes });
    expectProblem(over, 'upload-too-large');
    expectProblem(await create({ length: 10, body: Readable.from([bytes]) }), 'upload-too-large');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it.each(['logs.tgz.md5', 'logs.tgz.sha256'])(
    'of %s, which claims a digest, is refused',
    async (name) => {
      const { token, create } = await customer();
      expectProblem(await create({ name }), 'validation-failed');
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
    },
  );

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\logs\\крах 1.dmp', 'крах 1.dmp'],
    ['a\u202egz.exe\u0000\r\n', 'agz.exe'],
    ['', 'unnamed'],
    [null, 'unnamed'],
  ])('may name its file %j, and it is kept as %j', async (name, kept) => {
    const { head, begun, patch } = await customer();
    const path = await begun({ length: size, name });
    const { headers } = await head(path);
    expect(headers['upload-metadata']).toBe(
      name === null ? undefined : `filename ${base64(name)}`.trim(),
    );
    const id = archiveOf(await patch(path, 0, bytes));
    expect(await archive(id)).toMatchObject({ filename: kept });
  });

  it('may say more of its file than the name, which comes back as it was sent', async () => {
    const { begun, head } = await customer();
    const metadata = `is_confidential,filetype ${base64('text/plain')},filename ${base64('a.log')}`;
    const path = await begun({ name: null, headers: { 'Upload-Metadata': metadata } });
    expect((await head(path)).headers['upload-metadata']).toBe(metadata);
  });
});

describe('bytes', () => {
  it('in the wrong place are refused', async () => {
    const { begun, patch, offset } = await customer();
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 50_000));
    for (const at of [0, 49_999, 50_001, size, size + 1])
      expectProblem(
        await patch(path, at, bytes.subarray(50_000, 50_010)),
        'upload-offset-mismatch',
      );
    for (const at of [null, '', '-1', '5e4', '50000.0', 'fifty', '9'.repeat(30)])
      expectProblem(await patch(path, at, bytes.subarray(50_000)), 'validation-failed');
    expect(await offset(path)).toBe(50_000);
  });

  it('of another type are refused', async () => {
    const { begun, patch, offset } = await customer();
    const path = await begun({ length: size });
    for (const type of ['application/octet-stream', 'application/x-www-form-urlencoded', '']) {
      const answer = await patch(path, 0, bytes, { 'Content-Type': type });
      expect(answer.status).toBe(415);
      expectProblem(answer, 'content-type-unsupported');
    }
    expect(await offset(path)).toBe(0);
  });

  it('beyond the declared length are refused, and make no archive of what fits', async () => {
    const { token, begun, patch, offset } = await customer();
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 50_000));
    const over = Buffer.concat([bytes.subarray(50_000), Buffer.from('x')]);
    expectProblem(await patch(path, 50_000, over), 'upload-too-large');
    expect(await offset(path)).toBe(50_000);
    // All that fits is on the disk when the byte too much comes.
    const owner = tus(service.url, token);
    const half = await patchUnderWay(service.place, owner, path, 50_000, bytes.subarray(50_000));
    expectProblem(await half.finish('x'), 'upload-too-large');
    expect(await offset(path)).toBe(50_000);
    expect(await count(token.ticket)).toBe(0);
    const id = archiveOf(await patch(path, 50_000, bytes.subarray(50_000)));
    expect(await archive(id)).toMatchObject({ sha256: sha256Of(bytes) });
  });
});

describe('bytes that are refused', () => {
  const MiB = 1024 ** 2;
  /** The system's own buffers on both sides of a connection, with room to spare. */
  const buffers = 24 * MiB;

  it('are not read to their end', async () => {
    const { token, begun, offset } = await customer();
    const total = 200 * MiB;
    const poured = async (length: number | null, head: string, answer: RegExp) => {
      const path = await begun({ length });
      const common = `Host: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Token: ${token.value}\r\n`;
      const { taken, text } = await pour(
        service.url,
        `PATCH ${path} HTTP/1.1\r\n${common}${head}\r\n`,
        total,
      );
      expect(text).toMatch(answer);
      expect(taken).toBeLessThan(buffers);
      expect(await offset(path)).toBe(0);
    };
    const declared = `Content-Length: ${total}\r\n`;
    const chunked = 'Transfer-Encoding: chunked\r\n';
    await Promise.all([
      poured(size, `${declared}Upload-Offset: 5\r\n`, /^HTTP\/1\.1 409 /),
      poured(size, `${declared}Upload-Offset: 0\r\n`, /^HTTP\/1\.1 413 /),
      poured(size, `${chunked}Upload-Offset: 0\r\n`, /^HTTP\/1\.1 413 /),
      poured(null, `${declared}Upload-Offset: 0\r\n`, /^HTTP\/1\.1 413 /),
      poured(null, `${chunked}Upload-Offset: 0\r\n`, /^HTTP\/1\.1 413 /),
    ]);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
  });

  it('are refused before they are sent, where the client asks first', async () => {
    const { token, begun, offset } = await customer();
    const path = await begun({ length: 5 });
    const asking = async (at: number, length: number) => {
      const socket = await rawSocket(service.url);
      socket.write(
        `PATCH ${path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Token: ${token.value}\r\n` +
          `Content-Type: application/offset+octet-stream\r\nUpload-Offset: ${at}\r\n` +
          `Content-Length: ${length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
      );
      return socket;
    };
    const wrong = await asking(7, 5);
    expect(await wrong.closed()).toMatch(/^HTTP\/1\.1 409 .*"code":"upload-offset-mismatch"/s);
    const over = await asking(0, 6);
    expect(await over.closed()).toMatch(/^HTTP\/1\.1 413 .*"code":"upload-too-large"/s);
    const right = await asking(0, 5);
    expect(await right.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 100 /);
    right.write('bytes');
    expect(await right.closed()).toMatch(/\r\nHTTP\/1\.1 204 .*archive-id: /is);
    expect(await offset(path)).toBe(5);
  });
});

describe('a length that comes later', () => {
  it('is declared by any request that brings bytes, or by a last one without', async () => {
    const { create, begun, head, patch } = await customer();
    const made = await create({ length: null });
    expect(made).toMatchObject({ status: 201 });
    const path = String(made.headers.location);
    const { headers } = await head(path);
    expect(headers['upload-defer-length']).toBe('1');
    expect(headers['upload-length']).toBeUndefined();
    await patch(path, 0, bytes.subarray(0, 40_000));
    const declaring = { 'Upload-Length': size };
    const next = await patch(path, 40_000, bytes.subarray(40_000, 70_000), declaring);
    expect(next).toMatchObject({ status: 204, headers: { 'upload-offset': '70000' } });
    const known = await head(path);
    expect(known.headers['upload-length']).toBe(String(size));
    expect(known.headers['upload-defer-length']).toBeUndefined();
    const done = archiveOf(await patch(path, 70_000, bytes.subarray(70_000)));
    expect(await archive(done)).toMatchObject({ size, sha256: sha256Of(bytes) });

    const open = await begun({ length: null });
    expect((await patch(open, 0, bytes)).headers['archive-id']).toBeUndefined();
    const last = archiveOf(await patch(open, size, '', declaring));
    expect(await archive(last)).toMatchObject({ size, sha256: sha256Of(bytes) });

    const atOnce = await begun({ length: null });
    archiveOf(await patch(atOnce, 0, bytes, declaring));
  });

  it('is declared once, and not below what came or above what is allowed', async () => {
    const { token, begun, head, patch } = await customer();
    const path = await begun({ length: null });
    await patch(path, 0, bytes.subarray(0, 50_000));
    const declaring = (length: number | string) =>
      patch(path, 50_000, '', { 'Upload-Length': length });
    for (const length of [49_999, -1, 'many'])
      expectProblem(await declaring(length), 'validation-failed');
    expectProblem(await declaring(limit + 1), 'upload-too-large');
    expect((await head(path)).headers['upload-length']).toBeUndefined();
    expect(await declaring(size)).toMatchObject({ status: 204 });
    expectProblem(await declaring(size + 1), 'validation-failed');
    expect((await head(path)).headers['upload-length']).toBe(String(size));
    archiveOf(await patch(path, 50_000, bytes.subarray(50_000)));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('cannot be nothing', async () => {
    const { begun, patch } = await customer();
    const path = await begun({ length: null });
    expectProblem(await patch(path, 0, '', { 'Upload-Length': 0 }), 'file-empty');
  });

  it('is bounded by what one request may bring, however small the pieces', async () => {
    const { begun, patch, offset } = await customer();
    const path = await begun({ length: null });
    const piece = noise(400_000);
    await patch(path, 0, piece);
    await patch(path, 400_000, piece);
    for (const body of [piece, Readable.from([piece])])
      expectProblem(await patch(path, 800_000, body), 'upload-too-large');
    expect(await offset(path)).toBe(800_000);
  });
});
