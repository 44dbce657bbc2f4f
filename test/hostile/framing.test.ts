import type { ErrorCode } from '../../src/errors/catalogue.js';
import { noise, sha256Of } from '../support/bytes.js';
import { besieged, expectRefused, provoke } from '../support/enemy.js';
import type { Besieged, Holdings } from '../support/enemy.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { rawSocket } from '../support/http.js';
import { base64, bytesType, tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: Besieged;
let token: IssuedToken;
let then: Holdings;
let tusPath: string;
/** What came of it: a resumable upload keeps what was well-formed. */
let offset = 0;

beforeAll(async () => {
  service = await besieged();
  token = await service.given.uploadToken({ attempts: 10 });
  tusPath = await tus(service.url, token).begun({ length: 1000 });
  await tus(service.url, token).patch(tusPath, 0, 'bytes');
  await upload(service.url, token);
  then = service.holdings();
});

const requests = {
  'a file as the body': () =>
    `PUT /api/v1/archives/logs.tgz HTTP/1.1\r\nHost: a\r\nUpload-Token: ${token.value}\r\n`,
  'a form': () =>
    `POST /api/v1/archives HTTP/1.1\r\nHost: a\r\nUpload-Token: ${token.value}\r\n` +
    'Content-Type: multipart/form-data; boundary=b\r\n',
  'a piece of a resumable upload': () =>
    `PATCH ${tusPath} HTTP/1.1\r\nHost: a\r\nUpload-Token: ${token.value}\r\n` +
    `Tus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\nContent-Type: ${bytesType}\r\n`,
  'a new resumable upload': () =>
    `POST /api/v1/uploads HTTP/1.1\r\nHost: a\r\nUpload-Token: ${token.value}\r\n` +
    `Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\nUpload-Metadata: filename ${base64('a')}\r\n` +
    `Content-Type: ${bytesType}\r\n`,
  'a sign-in': () =>
    'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n',
};

const chunked = 'Transfer-Encoding: chunked\r\n';
/** Well-formed, so that only what stands before it can be the fault. */
const whole = '5\r\nbytes\r\n0\r\n\r\n';

/** A length, or what takes the place of one, and the body that follows. */
const framings: readonly (readonly [what: string, fields: string, body: string])[] = [
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'bytes'],
  ['the same length twice', 'Content-Length: 5\r\nContent-Length: 5\r\n', 'bytes'],
  ['a list of lengths', 'Content-Length: 5, 5\r\n', 'bytes'],
  ['a length with a sign', 'Content-Length: +5\r\n', 'bytes'],
  ['a length below nothing', 'Content-Length: -1\r\n', 'bytes'],
  ['a length in hexadecimal', 'Content-Length: 0x5\r\n', 'bytes'],
  ['a length with an exponent', 'Content-Length: 1e99\r\n', 'bytes'],
  ['a length with a point', 'Content-Length: 5.0\r\n', 'bytes'],
  ['a length beyond 64 bits', `Content-Length: ${'9'.repeat(30)}\r\n`, 'bytes'],
  ['a length of two words', 'Content-Length: 5 5\r\n', 'bytes'],
  ['an empty length', 'Content-Length:\r\n', 'bytes'],
  ['a length with a space before its colon', 'Content-Length : 5\r\n', 'bytes'],
  ['a length after a bare LF', 'X: y\nContent-Length: 5\r\n', 'bytes'],
  ['a length in a folded line', 'X: y\r\n Content-Length: 5\r\n', 'bytes'],
  ['a length and chunks', `Content-Length: 5\r\n${chunked}`, whole],
  ['chunks and a length', `${chunked}Content-Length: 5\r\n`, whole],
  ['gzip, then chunks', 'Transfer-Encoding: gzip, chunked\r\n', whole],
  ['gzip, then chunks, in two lines', `Transfer-Encoding: gzip\r\n${chunked}`, whole],
  ['chunks, then gzip', 'Transfer-Encoding: chunked, gzip\r\n', whole],
  ['chunks of chunks', 'Transfer-Encoding: chunked, chunked\r\n', whole],
  ['chunks of chunks, in two lines', chunked + chunked, whole],
  ['chunks after a comma', 'Transfer-Encoding: ,chunked\r\n', whole],
  ['chunks with a parameter', 'Transfer-Encoding: chunked;q=1\r\n', whole],
  ['chunks in quotes', 'Transfer-Encoding: "chunked"\r\n', whole],
  ['something like chunks', 'Transfer-Encoding: xchunked\r\n', whole],
  ['chunks after a vertical tab', 'Transfer-Encoding: \x0bchunked\r\n', whole],
  ['chunks with a space before the colon', 'Transfer-Encoding : chunked\r\n', whole],
  ['chunks in a folded line', 'Transfer-Encoding:\r\n chunked\r\n', whole],
  ['no coding at all', 'Transfer-Encoding:\r\n', whole],
  ['identity', 'Transfer-Encoding: identity\r\n', 'bytes'],
  ['gzip alone', 'Transfer-Encoding: gzip\r\n', 'bytes'],
  ['a size that is no number', chunked, 'zz\r\nbytes\r\n0\r\n\r\n'],
  ['a size below nothing', chunked, '-5\r\nbytes\r\n0\r\n\r\n'],
  ['a size with a prefix', chunked, '0x5\r\nbytes\r\n0\r\n\r\n'],
  ['a size beyond 64 bits', chunked, 'fffffffffffffffff\r\nbytes\r\n0\r\n\r\n'],
  ['an empty size', chunked, '\r\nbytes\r\n0\r\n\r\n'],
  ['a chunk that is longer than its size', chunked, '5\r\nbytes and more\r\n0\r\n\r\n'],
  ['a chunk that is shorter than its size', chunked, '9\r\nbytes\r\n0\r\n\r\n'],
  ['chunks with bare LF', chunked, '5\nbytes\n0\n\n'],
  ['a chunk with a bare CR', chunked, '5\rbytes\r0\r\r'],
  ['an extension without end', chunked, `5;a=${'x'.repeat(30_000)}\r\nbytes\r\n0\r\n\r\n`],
  ['an extension with a NUL', chunked, '5;a=\0\r\nbytes\r\n0\r\n\r\n'],
  ['a trailer without end', chunked, `5\r\nbytes\r\n0\r\nX: ${'x'.repeat(30_000)}\r\n\r\n`],
  ['a trailer that is no field', chunked, '5\r\nbytes\r\n0\r\nno field\r\n\r\n'],
  ['an end in the middle of a chunk', chunked, '5\r\nby'],
  ['an end in the middle of a size', chunked, '5'],
  ['an end before the last chunk', chunked, '5\r\nbytes\r\n'],
  ['an end before the length is reached', 'Content-Length: 5\r\n', 'byt'],
  ['an end before the body', 'Content-Length: 5\r\n', ''],
];

describe.each(Object.keys(requests) as (keyof typeof requests)[])('%s', (request) => {
  it.each(framings)('with %s is refused', async (_what, fields, body) => {
    offset = await tus(service.url, token).offset(tusPath);
    const answers = await provoke(
      service.url,
      `${requests[request]()}${fields}\r\n${body}`,
      'close',
    );
    expectRefused(answers);
  });

  it('framed in any of these ways leaves nothing behind, and costs nothing', async () => {
    await service.expectUnmoved(then);
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 8 }),
    );
  });
});

/** A request whose first lines are the fault, whatever it asks for. */
const heads: readonly (readonly [what: string, head: string, code: ErrorCode])[] = [
  ['garbage', 'GARBAGE', 'request-malformed'],
  ['NULs', '\0'.repeat(100), 'request-malformed'],
  ['the beginning of TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'request-malformed'],
  ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n', 'request-malformed'],
  ['the beginning of SSH', 'SSH-2.0-OpenSSH_9.6', 'request-malformed'],
  ['HTTP/0.9', 'GET /health/live', 'request-malformed'],
  ['HTTP/1.2', 'GET /health/live HTTP/1.2\r\nHost: a', 'request-malformed'],
  ['HTTP/2.0', 'GET /health/live HTTP/2.0\r\nHost: a', 'request-malformed'],
  ['no version', 'GET /health/live HTTP/\r\nHost: a', 'request-malformed'],
  ['a method that there is none of', 'FOO /health/live HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['a method in small letters', 'get /health/live HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['no address', 'GET  HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['an address without a slash', 'GET health/live HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['an address with a NUL', 'GET /a\0b HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['an address with a space', 'GET /a b HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['an address in raw UTF-8', 'GET /\xc3\xa9 HTTP/1.1\r\nHost: a', 'request-malformed'],
  ['an address of one sign', 'GET * HTTP/1.1\r\nHost: a', 'not-found'],
  [
    'an address that is too long',
    `GET /${'x'.repeat(30_000)} HTTP/1.1\r\nHost: a`,
    'headers-too-large',
  ],
  ['no Host', 'GET /health/live HTTP/1.1', 'request-malformed'],
  ['two Hosts', 'GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b', 'request-malformed'],
  ['the same Host twice', 'GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a', 'request-malformed'],
  [
    'a second Host beyond two thousand headers',
    `GET /health/live HTTP/1.1\r\nHost: a\r\n${'x:\r\n'.repeat(2100)}Host: b`,
    'request-malformed',
  ],
  ['a folded line', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX: a\r\n b', 'request-malformed'],
  ['a folded first line', 'GET /health/live HTTP/1.1\r\n Host: a', 'request-malformed'],
  ['a bare LF', 'GET /health/live HTTP/1.1\nHost: a', 'request-malformed'],
  ['a bare CR', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX: a\rb', 'request-malformed'],
  ['a NUL in a value', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX: a\0b', 'request-malformed'],
  ['a NUL in a name', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX\0: a', 'request-malformed'],
  ['a name of two words', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX y: a', 'request-malformed'],
  [
    'a name in Cyrillic',
    'GET /health/live HTTP/1.1\r\nHost: a\r\n\xd0\x98: a',
    'request-malformed',
  ],
  ['a line without a colon', 'GET /health/live HTTP/1.1\r\nHost: a\r\nXy', 'request-malformed'],
  ['a header without a name', 'GET /health/live HTTP/1.1\r\nHost: a\r\n: a', 'request-malformed'],
  [
    'a header that is too long',
    `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(30_000)}`,
    'headers-too-large',
  ],
  [
    'too many headers',
    `GET /health/live HTTP/1.1\r\nHost: a${'\r\nX: a'.repeat(1000)}`,
    'request-malformed',
  ],
  [
    'an expectation of something unknown, and no credentials',
    'PUT /api/v1/archives/a HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\nContent-Length: 5',
    'credentials-missing',
  ],
];

describe('a head', () => {
  it.each(heads)('of, or with, %s is refused in our form', async (_what, head, code) => {
    expectRefused(await provoke(service.url, `${head}\r\n\r\n`, 'close'), code);
  });

  it('that ends early is refused', async () => {
    const whole = 'GET /health/live HTTP/1.1\r\nHost: a\r\n';
    for (let length = 1; length <= whole.length; length += 1)
      expectRefused(
        await provoke(service.url, whole.slice(0, length), 'close'),
        'request-malformed',
      );
  });

  it('of any of these leaves nothing behind', () => service.expectUnmoved(then));
});

describe('what may look odd', () => {
  const close = 'Connection: close';
  it.each([
    ['HTTP/1.0 without a Host', 'GET /health/live HTTP/1.0'],
    ['empty lines before', `\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\n${close}`],
    ['the whole address', `GET http://a/health/live HTTP/1.1\r\nHost: a\r\n${close}`],
    ['an empty Host', `GET /health/live HTTP/1.1\r\nHost:\r\n${close}`],
    ['a wish for h2c', `GET /health/live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n${close}, Upgrade`],
    ['an unknown expectation', `GET /health/live HTTP/1.1\r\nHost: a\r\nExpect: x\r\n${close}`],
  ])('is answered: %s', async (_what, head) => {
    const answers = await provoke(service.url, `${head}\r\n\r\n`);
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });

  it('is chunks in capitals, with an extension and a trailer', async () => {
    const { value } = await service.given.uploadToken();
    const [answer] = await provoke(
      service.url,
      `PUT /api/v1/archives/a.log HTTP/1.1\r\nHost: a\r\nUpload-Token: ${value}\r\nConnection: close\r\n` +
        'Transfer-Encoding: CHUNKED\r\n\r\n5;a="b"\r\nbytes\r\n0\r\nUpload-Token: other\r\n\r\n',
    );
    expect(answer?.status).toBe(201);
    expect(JSON.parse(answer?.text ?? '')).toMatchObject({ sha256: sha256Of('bytes') });
  });
});

it('does not mix a refusal into an answer that has begun', async () => {
  const { given, url } = service;
  const { id } = await given.archive({ bytes: noise(8 * 1024 ** 2) });
  const { api } = await given.admin();
  const made = await api.post(`/archives/${String(id)}/download-link`).expect(201);
  const socket = await rawSocket(url);
  socket.write(
    `GET ${new URL((made.body as { url: string }).url).pathname} HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  await socket.until(/\r\n\r\n/);
  socket.write('GARBAGE\r\n\r\n');
  expect((await socket.closed()).match(/HTTP\/1\.1 /g)).toHaveLength(1);
});
