import type { ErrorCode } from '../../src/errors/catalogue.js';
import { besieged, expectRefused, provoke } from '../support/enemy.js';
import type { Besieged, Holdings } from '../support/enemy.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const limit = 2_000_000;
let service: Besieged;
let token: IssuedToken;
let then: Holdings;

beforeAll(async () => {
  service = await besieged({ MAX_UPLOAD_BYTES: String(limit) });
  token = await service.given.uploadToken({ attempts: 10 });
  await upload(service.url, token);
  then = service.holdings();
});

const part = (headers: string, content = 'bytes'): string =>
  `--b\r\n${headers}\r\n\r\n${content}\r\n`;
const field = (name: string, content = 'x'): string =>
  part(`Content-Disposition: form-data; name="${name}"`, content);
const named = 'Content-Disposition: form-data; name="file"; filename="logs.tgz"';
const file = (content = 'bytes'): string => part(named, content);
const end = '--b--\r\n';

/** @param length what it says of the body; null for one chunk */
const form = (
  body: string,
  type = 'multipart/form-data; boundary=b',
  length: number | null = body.length,
): string =>
  `POST /api/v1/archives HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpload-Token: ${token.value}\r\n` +
  `Content-Type: ${type}\r\n` +
  (length === null
    ? `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    : `Content-Length: ${length}\r\n\r\n${body}`);

const malformed = 'multipart-malformed';
const missing = 'file-missing';
const times = (count: number, text: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => text(at)).join('');

const bodies: readonly (readonly [what: string, body: string, code: ErrorCode])[] = [
  ['without anything', '', 'file-empty'],
  ['of NULs', '\0'.repeat(5000), malformed],
  ['of line breaks', '\r\n'.repeat(5000), malformed],
  ['of boundaries', '--b\r\n'.repeat(5000), malformed],
  ['that ends at once', end, missing],
  ['whose boundary is never closed', file(), malformed],
  [
    'that goes on after its end',
    `s\r\n${end}--bX: y\r\n\r\nx\r\n${file().slice(0, -2)}`,
    malformed,
  ],
  ['with bare LF', (file() + end).replaceAll('\r\n', '\n'), malformed],
  ['with bare CR', (file() + end).replaceAll('\r\n', '\r'), malformed],
  ['with another boundary', (file() + end).replaceAll('--b', '--c'), malformed],
  ['of ten thousand fields', times(10_000, (at) => field(`f${at}`)) + file() + end, malformed],
  ['of ten thousand files', file().repeat(10_000) + end, 'too-many-files'],
  ['of ten thousand empty parts', '--b\r\n\r\n\r\n'.repeat(10_000) + file() + end, malformed],
  ['with ten thousand headers', part(`${'X: y\r\n'.repeat(10_000)}${named}`) + end, malformed],
  ['with a header without end', part(`${named}\r\nX: ${'x'.repeat(50_000)}`) + end, malformed],
  ['with a name without end', field('n'.repeat(50_000)) + file() + end, malformed],
  ['with a value without end', field('note', 'x'.repeat(50_000)) + file() + end, malformed],
  ['with a preamble without end', `${'x'.repeat(300_000)}\r\n${file()}${end}`, malformed],
  ['with nested names', field('a[b]') + file() + end, malformed],
  ['with a thousand levels', field(`a${'[b]'.repeat(30)}`) + file() + end, malformed],
  ['with a long array', field('a[4294967295]') + file() + end, malformed],
  ['that names __proto__ within', field('__proto__[polluted]') + file() + end, malformed],
  ['that names constructor', field('constructor[prototype][x]') + file() + end, malformed],
  ['with a NUL in a header', part(`${named}\0`) + end, malformed],
  ['with a header that is none', part('no header at all') + end, malformed],
  ['with a line break in its name', part(named.replace('logs', 'lo\r\ngs')) + end, malformed],
  ['whose file has another name', part(named.replace('"file"', '"File"')) + end, missing],
  ['whose file has two', part(named.replace('name=', 'name="x"; name=')) + end, missing],
  ['whose file has no name', part('Content-Disposition: form-data; filename="a"') + end, malformed],
  ['whose file is a field', field('file') + end, missing],
  ['whose part is an attachment', part(named.replace('form-data', 'attachment')) + end, missing],
  ['within a form', part('Content-Type: multipart/mixed; boundary=b', file()) + end, missing],
  ['with an empty file', file('') + end, 'file-empty'],
  ['with a file that is too large', file('x'.repeat(limit + 1)) + end, 'upload-too-large'],
];

const types: readonly (readonly [what: string, type: string, code: ErrorCode])[] = [
  ['no boundary', 'multipart/form-data', malformed],
  ['an empty boundary', 'multipart/form-data; boundary=""', malformed],
  ['a boundary of 10 000 signs', `multipart/form-data; boundary=${'b'.repeat(10_000)}`, malformed],
  ['two boundaries', 'multipart/form-data; boundary=c; boundary=d', malformed],
  ['a boundary in __proto__', 'multipart/form-data; __proto__=b', malformed],
  ['an open quote', 'multipart/form-data; boundary="b', missing],
  ['another form', 'application/x-www-form-urlencoded', missing],
  ['another multipart', 'multipart/mixed; boundary=b', missing],
  ['no type', '', missing],
  ['half a type', 'multipart/', missing],
];

describe('a form', () => {
  describe.each(['with its length', 'in chunks'])('sent %s', (framing) => {
    const sent = (body: string, type?: string): string =>
      form(body, type, framing === 'in chunks' ? null : body.length);

    it.each(bodies)('%s is refused', async (_what, body, code) => {
      // Node takes a chunk of no bytes for the end of all.
      const bytes = body === '' ? form('') : sent(body);
      expectRefused(await provoke(service.url, bytes), code);
    });

    it.each(types)('of %s is refused', async (_what, type, code) => {
      expectRefused(await provoke(service.url, sent(file() + end, type)), code);
    });
  });

  it('that ends early is refused, wherever it ends', async () => {
    const body = field('note') + file() + end;
    // What comes after the last boundary's dashes means nothing.
    for (let length = 1; length < body.length - 2; length += length < 110 ? 5 : 1) {
      const code = expectRefused(await provoke(service.url, form(body.slice(0, length))));
      expect({ length, code }).toEqual({ length, code: malformed });
    }
  });

  it('that breaks off is refused, wherever that is', async () => {
    const body = field('note') + file() + end;
    for (let length = 0; length < body.length; length += 7) {
      const bytes = form(body.slice(0, length), undefined, body.length);
      expectRefused(await provoke(service.url, bytes, 'close'), 'request-malformed');
    }
  });

  it('that says to be too large is refused before it comes', async () => {
    for (const length of [limit + 10_000_000, 2 ** 53, '18446744073709551615']) {
      const bytes = form('', undefined, Number(length)).replace(/(?<=Length: ).*/, String(length));
      expectRefused(await provoke(service.url, bytes), 'upload-too-large');
    }
  });

  it('of any of these stores nothing, keeps nothing open and costs nothing', async () => {
    await service.expectUnmoved(then);
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 9 }),
    );
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });
});
