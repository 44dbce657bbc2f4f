import { Readable } from 'node:stream';
import { digestOf, noise } from '../support/bytes.js';
import { pour } from '../support/greedy-client.js';
import { expectProblem, rawSocket } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState } from '../support/upload-under-way.js';
import { boundary, upload } from '../support/upload.js';

const limit = 100_000;
const MiB = 1024 ** 2;
/** The system's own buffers on both sides of a connection, with room to spare. */
const buffers = 24 * MiB;

let service: TestService;
beforeAll(async () => {
  service = await startedService({ MAX_UPLOAD_BYTES: String(limit) });
});

const ways = ['form', 'put', 'post'] as const;
const inPieces = (bytes: Buffer): Readable =>
  Readable.from([bytes.subarray(0, 50_000), bytes.subarray(50_000)]);

describe('a file of the largest size', () => {
  it.each(ways)('is taken by %s, and one byte more is not', async (way) => {
    const token = await service.given.uploadToken();
    const largest = noise(limit);
    const over = noise(limit + 1);
    expect(await upload(service.url, token, { way, bytes: largest })).toMatchObject({
      status: 201,
    });
    const files = storedFiles(service.place);
    for (const bytes of [over, inPieces(over)]) {
      const answer = await upload(service.url, token, { way, bytes });
      expect(expectProblem(answer, 'upload-too-large').detail).toContain(String(limit));
    }
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    expect(storedFiles(service.place)).toEqual(files);
  });

  it('may be lowered by the platform, and not raised', async () => {
    const low = await service.given.platform({ maxUploadBytes: 10 });
    const high = await service.given.platform({ maxUploadBytes: 10 * limit });
    const small = await service.given.uploadToken({ platform: low });
    const large = await service.given.uploadToken({ platform: high });
    expect(await tokenState(service.url, small)).toMatchObject({ maxUploadBytes: 10 });
    expect(await tokenState(service.url, large)).toMatchObject({ maxUploadBytes: limit });
    const bytes = noise(11);
    expectProblem(await upload(service.url, small, { bytes }), 'upload-too-large');
    expectProblem(
      await upload(service.url, large, { bytes: noise(limit + 1) }),
      'upload-too-large',
    );
    expect(await upload(service.url, large, { bytes })).toMatchObject({ status: 201 });
  });
});

describe('a file that is much too large', () => {
  const total = 200 * MiB;
  const formHead = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`;
  const put = 'PUT /api/v1/archives/a.log HTTP/1.1\r\nHost: x\r\n';
  const post = `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n`;
  const chunkedForm = `${post}Transfer-Encoding: chunked\r\n`;
  const chunk = `${formHead.length.toString(16)}\r\n${formHead}\r\n`;
  it('is not read to its end, whatever way it comes and whatever it declares', async () => {
    const poured = async (head: string, first = '') => {
      const token = await service.given.uploadToken({ attempts: 2 });
      const whole = `${head}Upload-Token: ${token.value}\r\n\r\n${first}`;
      const { taken, text } = await pour(service.url, whole, total);
      expect(text).toMatch(/^HTTP\/1\.1 413 .*"code":"upload-too-large"/s);
      expect(taken).toBeLessThan(buffers);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });
    };
    await Promise.all([
      poured(`${put}Content-Length: ${total}\r\n`),
      poured(`${put}Transfer-Encoding: chunked\r\n`),
      poured(`${post}Content-Length: ${total + 1000}\r\n`, formHead),
      poured(chunkedForm, chunk),
    ]);
  });

  it('is not read where the token is wrong or does not come', async () => {
    const poured = async (head: string, code: string) => {
      const { taken, text } = await pour(service.url, head, total);
      expect(text).toMatch(/^HTTP\/1\.1 401 /);
      expect(text).toContain(`"code":"${code}"`);
      expect(taken).toBeLessThan(buffers);
    };
    const unknown = `Upload-Token: lct_${'D'.repeat(32)}\r\n\r\n`;
    await Promise.all([
      poured(`${put}Content-Length: ${total}\r\n${unknown}`, 'token-unknown'),
      poured(`${put}Transfer-Encoding: chunked\r\n${unknown}`, 'token-unknown'),
      poured(`${put}Content-Length: ${total}\r\n\r\n`, 'credentials-missing'),
      poured(`${chunkedForm}\r\n${chunk}`, 'credentials-missing'),
    ]);
  });

  it('is refused before a byte of it came', async () => {
    const { value } = await service.given.uploadToken();
    const socket = await rawSocket(service.url);
    socket.write(`${put}Content-Length: ${limit + 1}\r\nUpload-Token: ${value}\r\n\r\n`);
    expect(await socket.closed()).toMatch(/^HTTP\/1\.1 413 .*"code":"upload-too-large"/s);
  });
});

describe('the quota of a platform', () => {
  it.each(ways)('is kept for an upload by %s, declared or not', async (way) => {
    const platform = await service.given.platform({ quotaBytes: 1000 });
    const token = await service.given.uploadToken({ platform, attempts: 3 });
    expect(await upload(service.url, token, { way, bytes: noise(600) })).toMatchObject({
      status: 201,
    });
    for (const bytes of [noise(401), Readable.from([noise(300), noise(101)])])
      expectProblem(await upload(service.url, token, { way, bytes }), 'quota-exceeded');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });
    expect(await upload(service.url, token, { way, bytes: noise(400) })).toMatchObject({
      status: 201,
    });
  });

  it('holds for all tickets of the platform together, and for uploads at the same time', async () => {
    const platform = await service.given.platform({ quotaBytes: 1000 });
    const tokens = await Promise.all(
      Array.from({ length: 6 }, () => service.given.uploadToken({ platform })),
    );
    const answers = await Promise.all(
      tokens.map((token) => upload(service.url, token, { way: 'put', bytes: noise(300) })),
    );
    const stored = answers.filter(({ status }) => status === 201);
    expect(stored).toHaveLength(3);
    for (const answer of answers)
      if (!stored.includes(answer)) expectProblem(answer, 'quota-exceeded');
  });

  it('has room again when an archive was deleted', async () => {
    const platform = await service.given.platform({ quotaBytes: 1000 });
    const token = await service.given.uploadToken({ platform });
    const { id } = await service.given.archive({ bytes: noise(1000) }, token);
    expectProblem(await upload(service.url, token, { bytes: 'x' }), 'quota-exceeded');
    const { api } = await service.given.admin();
    await api.delete(`/archives/${id}`).expect(204);
    expect(await upload(service.url, token, { bytes: 'x' })).toMatchObject({ status: 201 });
  });
});

describe('a digest', () => {
  const bytes = noise(5000);
  it.each(ways)('that fits lets an upload by %s pass', async (way) => {
    const token = await service.given.uploadToken();
    for (const header of ['Content-Digest', 'Repr-Digest', 'content-digest']) {
      const headers = { [header]: `md5=:AAAA:, ${digestOf(bytes)}` };
      const answer = await upload(service.url, token, { way, bytes, headers });
      expect(answer).toMatchObject({ status: 201 });
    }
  });

  it.each(ways)('that does not fit stores nothing of an upload by %s', async (way) => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const files = storedFiles(service.place);
    for (const header of ['Content-Digest', 'Repr-Digest']) {
      const headers = { [header]: digestOf('something else') };
      const answer = await upload(service.url, token, { way, bytes, headers });
      expectProblem(answer, 'digest-mismatch');
    }
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });
    expect(storedFiles(service.place)).toEqual(files);
  });

  it.each([
    'sha-256=abc',
    'sha-256=::',
    'sha-256=:AAAA:',
    `sha-256=:${'A'.repeat(60)}:`,
    'sha-256',
    `sha-256="${'a'.repeat(64)}"`,
  ])('that cannot be read is said to be wrong: %s', async (digest) => {
    const token = await service.given.uploadToken();
    for (const header of ['Content-Digest', 'Repr-Digest']) {
      const headers = { [header]: digest };
      const answer = await upload(service.url, token, { way: 'put', bytes, headers });
      expect(expectProblem(answer, 'validation-failed').errors).toEqual([
        { field: header.toLowerCase(), message: expect.stringContaining('sha-256') },
      ]);
    }
  });

  it('of another kind is no claim', async () => {
    const token = await service.given.uploadToken();
    for (const digest of ['md5=:AAAA:', 'sha-512=:AAAA:', '']) {
      const headers = { 'Content-Digest': digest };
      const answer = await upload(service.url, token, { way: 'put', bytes, headers });
      expect(answer).toMatchObject({ status: 201 });
    }
  });

  it('is refused where two of them disagree', async () => {
    const token = await service.given.uploadToken();
    const headers = { 'Content-Digest': digestOf(bytes), 'Repr-Digest': digestOf('else') };
    const answer = await upload(service.url, token, { way: 'put', bytes, headers });
    expectProblem(answer, 'validation-failed');
  });
});

describe('a file without bytes', () => {
  it.each(ways)('is refused by %s and costs nothing', async (way) => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const files = storedFiles(service.place);
    for (const bytes of [Buffer.of(), Readable.from([])])
      expectProblem(await upload(service.url, token, { way, bytes }), 'file-empty');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });
    expect(storedFiles(service.place)).toEqual(files);
  });

  it('is refused where no body is announced at all', async () => {
    const { value } = await service.given.uploadToken();
    const socket = await rawSocket(service.url);
    socket.write(
      `PUT /api/v1/archives/a HTTP/1.1\r\nHost: x\r\nUpload-Token: ${value}\r\nConnection: close\r\n\r\n`,
    );
    expect(await socket.closed()).toMatch(/^HTTP\/1\.1 422 .*"code":"file-empty"/s);
  });
});

describe('a client that waits for 100 Continue', () => {
  const asking = (value: string, length: number) =>
    `PUT /api/v1/archives/a HTTP/1.1\r\nHost: x\r\nUpload-Token: ${value}\r\nExpect: 100-continue\r\n` +
    `Content-Length: ${length}\r\nConnection: close\r\n\r\n`;

  it('is asked for its body when it may upload', async () => {
    const { value } = await service.given.uploadToken();
    const socket = await rawSocket(service.url);
    socket.write(asking(value, 5));
    expect(await socket.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('bytes');
    expect(await socket.closed()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });

  it('is told at once, and not asked, when it may not', async () => {
    const { value } = await service.given.uploadToken();
    for (const [head, status] of [
      [asking(`lct_${'E'.repeat(32)}`, 5), 401],
      [asking(value, limit + 1), 413],
      [asking(value, 0), 422],
    ] as const) {
      const socket = await rawSocket(service.url);
      socket.write(head);
      expect(await socket.closed()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });

  it('is asked for a form, whose token may be in it', async () => {
    const { value } = await service.given.uploadToken();
    const body =
      `--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n${value}\r\n` +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbytes\r\n--b--\r\n';
    const socket = await rawSocket(service.url);
    socket.write(
      'POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n' +
        `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await socket.until(/100 Continue\r\n\r\n/);
    socket.write(body);
    expect(await socket.closed()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });
});
