import { parse } from 'content-disposition';
import { seeded } from '../support/bytes.js';
import { besieged, expectRefused, provoke } from '../support/enemy.js';
import type { Besieged } from '../support/enemy.js';
import type { IssuedToken } from '../support/given.js';
import { isLong } from '../support/how-long.js';

let service: Besieged;
let token: IssuedToken;
let cookie: string;

beforeAll(async () => {
  service = await besieged();
  token = await service.given.uploadToken({ attempts: 1000 });
  const { api } = await service.given.admin();
  const url = new URL(service.url);
  const jar = api.jar.getCookies({ domain: url.hostname, path: '/', secure: false, script: false });
  cookie = jar.map(({ name, value }) => `${name}=${value}`).join('; ');
});

const common = 'Host: a\r\nConnection: close\r\n';

/** Uploads with exactly these bytes where the name stands. @returns the id, and the name as it is kept; null if refused */
const sent = async (request: Buffer | string) => {
  const answers = await provoke(service.url, request);
  if (answers[0]?.status !== 201) {
    expectRefused(answers);
    return null;
  }
  expect(answers).toHaveLength(1);
  return JSON.parse(answers[0].text) as { readonly id: string; readonly filename: string };
};

const put = (encoded: string) =>
  sent(
    `PUT /api/v1/archives/${encoded} HTTP/1.1\r\n${common}Upload-Token: ${token.value}\r\n` +
      'Content-Length: 5\r\n\r\nbytes',
  );

const posted = (parameters: Buffer) => {
  const body = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; '),
    parameters,
    Buffer.from('\r\n\r\nbytes\r\n--b--\r\n'),
  ]);
  const head =
    `POST /api/v1/archives HTTP/1.1\r\n${common}Upload-Token: ${token.value}\r\n` +
    `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`;
  return sent(Buffer.concat([Buffer.from(head), body]));
};

/** Downloads it, and checks that its one Content-Disposition offers the name that was kept, and nothing else. */
const expectOffered = async (id: string, filename: string): Promise<void> => {
  const [answer, ...more] = await provoke(
    service.url,
    `GET /api/v1/archives/${id}/content HTTP/1.1\r\n${common}Cookie: ${cookie}\r\n\r\n`,
  );
  expect(more).toEqual([]);
  // A name with a quotation mark and then an empty line ends the head of its part: what follows is of the file.
  expect(answer).toMatchObject({ status: 200, text: expect.stringMatching(/bytes$/) });
  const named = answer?.fields.filter(([name]) => name === 'content-disposition') ?? [];
  expect(named).toHaveLength(1);
  const header = named[0]?.[1] ?? '';
  expect({ header, ...parse(header) }).toMatchObject({
    header: expect.stringMatching(/^[\x20-\x7e]*$/) as string,
    type: 'attachment',
    parameters: { filename },
  });
  expect(Object.keys(parse(header).parameters)).toEqual(['filename']);
  // What no name may hold: controls, marks that turn the writing around, a path.
  expect(filename).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]/u);
  expect([...filename].length).toBeLessThanOrEqual(255);
  expect(filename).not.toBe('');
};

const long = 'x'.repeat(255);
const hostile = [
  ...['a\r\nX-Evil: 1', 'a\nb', 'a\rb', 'a\0b', '\0', '\r\n\r\n<html>', 'a\u0085b\u2028c\u2029d'],
  ...['"', 'a"b', '";filename="b', "\"; filename*=UTF-8''b", "'", '\\"', 'a\\', "a'b''c", ';', '='],
  ...['\u202egzt.sgol', '\u2066a\u2069', '\u200f\u200e', '\u061c', '\ufeff', '\u200b', '\u00ad'],
  ...[long, `${long}x`, `${'я'.repeat(255)}.log`, '😀'.repeat(256), 'e\u0301'.repeat(200)],
  ...[
    '/',
    '\\',
    '..',
    '../..',
    '..\\..',
    '/etc/passwd',
    'C:\\boot.ini',
    '\\\\host\\share',
    'a/b\\c',
  ],
  ...[
    'a/',
    'a\\',
    './a',
    '.',
    '~',
    '~root',
    '//',
    '\u2215etc\u2215passwd',
    '\uff0fetc\uff0fpasswd',
  ],
  ...['%2e%2e%2f', '%00', '%0d%0a', '%', '%%', '%zz', '%u002e', '%c0%af', '%25', '%22', '&#10;'],
  ...[
    'CON',
    'nul.txt',
    'a:b',
    'a::$DATA',
    '.htaccess',
    'a.',
    'a ',
    ' a',
    '-rf',
    '--help',
    '*',
    '?',
  ],
  ...['$(id)', '`id`', '|id', ';id', '&&id', '<script>', '{{7*7}}', '${7*7}', '#{7*7}', '%s%n%x'],
  ...[
    "' OR '1'='1",
    "'; DROP TABLE archives; --",
    '=cmd()',
    '+1',
    '-1',
    '@x',
    '1e99',
    'null',
    '[]',
  ],
  ...['__proto__', 'constructor', 'toString', '{"a":1}', '=?utf-8?q?a?=', 'filename', 'attachment'],
];

it.each(hostile.map((name) => [JSON.stringify(name).slice(0, 60), name]))(
  'the name %s is refused, or kept and offered again',
  async (_shown, name) => {
    const bytes = Buffer.from(name);
    const kept = [
      await put(encodeURIComponent(name)),
      await posted(Buffer.concat([Buffer.from('filename="'), bytes, Buffer.from('"')])),
    ];
    // In an address every name is one, but for a whole path.
    expect(kept[0]).not.toBeNull();
    for (const archive of kept) if (archive) await expectOffered(archive.id, archive.filename);
  },
);

it('every script is kept as it is, and offered again', async () => {
  // One letter, number or sign of each 256 code points, up to the end of Unicode.
  const signs: string[] = [];
  for (let block = 0x100; block < 0x110000; block += 0x100) {
    const inBlock = Array.from({ length: 0x100 }, (_, at) => block + at)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code));
    const sign = inBlock.find((one) => /^[\p{L}\p{N}\p{S}]$/u.test(one));
    if (sign !== undefined) signs.push(sign);
  }
  expect(signs.length).toBeGreaterThan(400);
  for (let at = 0; at < signs.length; at += 60) {
    const name = `${signs.slice(at, at + 60).join('')}.log`;
    for (const archive of [
      await put(encodeURIComponent(name)),
      await posted(Buffer.from(`filename="${name}"`)),
    ]) {
      expect(archive?.filename).toBe(name);
      await expectOffered(archive?.id ?? '', name);
    }
  }
});

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);
const cases = Number(process.env['FUZZ_CASES'] ?? (isLong ? 1000 : 30));

it(`${cases} made-up names are refused, or kept and offered again (TEST_SEED=${seed})`, async () => {
  const random = seeded(seed);
  const parts = [
    ...hostile.filter((name) => name.length < 30),
    'a',
    'ж',
    '日',
    '😀',
    '.log',
    '"',
    '\\',
  ];
  for (let count = 0; count < cases; count += 1) {
    const name = Array.from({ length: 1 + random(6) }, () => parts[random(parts.length)]).join('');
    // Raw bytes besides: what is no UTF-8, too.
    const raw = Buffer.from(Array.from({ length: random(20) }, () => random(256)));
    const mixed = Buffer.concat([
      Buffer.from('filename="'),
      Buffer.from(name),
      raw,
      Buffer.from('"'),
    ]);
    const kept = [await put(encodeURIComponent(name)), await posted(mixed)];
    for (const archive of kept) if (archive) await expectOffered(archive.id, archive.filename);
  }
});

it('no name did anything else: the service is the same, and holds what it was given', async () => {
  expect(service.log.events('http.failed')).toEqual([]);
  expect(service.stderr()).toBe('');
  const { files, connections } = service.holdings();
  const { api } = await service.given.admin();
  const { body } = await api.get(`/tickets/${token.ticket}`).expect(200);
  expect((body as { archives: { count: number } }).archives.count).toBe(files.length);
  expect(connections).toBeLessThan(10);
});
