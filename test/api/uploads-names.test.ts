import { existsSync } from 'node:fs';
import { newSecret } from '../../src/secrets/secrets.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, storedFiles } from '../support/store-files.js';
import { tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

/** What a browser reads out of a Content-Disposition (RFC 6266): filename* before filename. */
const offeredName = (header: string): string => {
  const extended = /; *filename\*=UTF-8''([^;]+)/.exec(header)?.[1];
  if (extended !== undefined) return decodeURIComponent(extended);
  const quoted = /; *filename="((?:[^"\\]|\\.)*)"/.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
  return /; *filename=([^\s";]+)/.exec(header)?.[1] ?? '';
};

/** What the grammar of RFC 6266 allows in one attachment header. */
const wellFormed =
  /^attachment(; *filename=([!#$%&'*+.^_`|~0-9A-Za-z-]+|"([\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])*"))?(; *filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)?$/;

/** Stores under this name, and says under which it is kept after checking that it is offered back so. */
const kept = async (sent: string, way: 'form' | 'put' | 'post'): Promise<string> => {
  const { id, filename } = await service.given.archive({ name: sent, way });
  const { api } = await service.given.admin();
  const { headers } = await api.head(`/archives/${id}/content`).expect(200);
  const disposition = String(headers['content-disposition']);
  expect(disposition).toMatch(wellFormed);
  expect(offeredName(disposition)).toBe(filename);
  const listed = await api.get(`/archives/${id}`).expect(200);
  expect(listed.body).toMatchObject({ filename });
  expect(existsSync(blobPath(service.place, String(id)))).toBe(true);
  return String(filename);
};

const long = 'x'.repeat(400);

describe('a name that is kept as it was sent', () => {
  it.each([
    'logs.tar.gz',
    'журнал ошибок.log',
    'ログ 2026-07-01.tgz',
    '日志.zip',
    'αρχείο.gz',
    'سجل.log',
    'יומן.log',
    'लॉग.txt',
    'บันทึก.log',
    '로그.tgz',
    'café.log',
    'cafe\u0301.log',
    'logs 😀👩‍🚒.tgz',
    "it's; a=b, c.log",
    '100%.log',
    '%2e%2e%2fetc%2fpasswd',
    'a+b&c=d#e?f.log',
    'no-extension',
    '.hidden',
    '-rf',
    '$(touch lc-pwned).log',
    '`id`.log',
    "'; DROP TABLE archives; --.log",
    '<script>alert(1)<script>.log',
    'CON',
    'file.name.with.many.dots.tar.gz',
    'con*|<>?.log',
  ])('%j', async (name) => {
    for (const way of ['form', 'put', 'post'] as const) expect(await kept(name, way)).toBe(name);
  });

  // A form cannot carry a quote: browsers and curl escape it, and who may tell that from a name with %22 in it?
  it.each(['my "best" logs.tgz', 'ends with "', '"'])('%j, in an address', async (name) => {
    for (const way of ['put', 'post'] as const) expect(await kept(name, way)).toBe(name);
  });
});

describe('a name that is cleaned', () => {
  const names = [
    ['../../etc/passwd', 'passwd'],
    ['/etc/shadow', 'shadow'],
    ['C:\\Users\\ann\\logs.zip', 'logs.zip'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['../..', 'unnamed'],
    ['..', 'unnamed'],
    ['.', 'unnamed'],
    ['logs/.', 'unnamed'],
    ['~', 'unnamed'],
    ['   ', 'unnamed'],
    ['folder/', 'unnamed'],
    ['  logs.tgz  ', 'logs.tgz'],
    ['gpj.\u202egzt.sgol', 'gpj.gzt.sgol'],
    ['\u2066logs\u2069\u200e.tgz', 'logs.tgz'],
    ['\ufefflogs.tgz', 'logs.tgz'],
    ['tab\tand bell\u0007.log', 'taband bell.log'],
    ['next\u0085line\u2028.log', 'nextline.log'],
    [`${long}.tar.gz`, `${'x'.repeat(248)}.tar.gz`],
    [`${'😀'.repeat(400)}.tgz`, `${'😀'.repeat(251)}.tgz`],
    [`${'я'.repeat(400)}.log`, `${'я'.repeat(251)}.log`],
    [long, 'x'.repeat(255)],
    [`a.${long}`, `a.${'x'.repeat(253)}`],
  ] as const;
  const shown = names.map(
    ([sent, clean]) => [JSON.stringify([...sent].slice(0, 30).join('')), sent, clean] as const,
  );
  it.each(shown)('%s', async (_, sent, clean) => {
    // A name of dots alone is a path to every client that builds an address of it.
    if (!/^\.+$/.test(sent))
      for (const way of ['put', 'post'] as const) expect(await kept(sent, way)).toBe(clean);
    // What a form cannot carry only addresses can.
    if (!/[\u0000-\u001f]|\\/.test(sent)) expect(await kept(sent, 'form')).toBe(clean);
  });

  it.each([
    ['a\r\nSet-Cookie: x=y.log', 'aSet-Cookie: x=y.log'],
    ['nul\u0000.log', 'nul.log'],
    ['nul.log\u0000.exe', 'nul.log.exe'],
  ])('%j, in an address', async (sent, clean) => {
    expect(await kept(sent, 'put')).toBe(clean);
  });

  it('with raw quotes, backslashes and bytes that are no UTF-8, in a form', async () => {
    const token = await service.given.uploadToken({ attempts: 10 });
    const sent: [string | Buffer, RegExp][] = [
      ['filename="a\\"b.log"', /^a"b\.log$/],
      ['filename="C:\\\\logs\\\\a.log"', /^a\.log$/],
      ['filename=bare.log', /^bare\.log$/],
      ["filename*=UTF-8''%D0%B6.log", /^ж\.log$/],
      [Buffer.from('filename="\xff\xfe.log"', 'latin1'), /^\ufffd\ufffd\.log$/],
      ['filename=".."', /^unnamed$/],
      ['filename="C:\\\\logs\\\\"', /^unnamed$/],
    ];
    for (const [parameter, name] of sent) {
      const answer = await send(`${service.url}/api/v1/archives`, {
        method: 'POST',
        headers: {
          'Upload-Token': token.value,
          'Content-Type': 'multipart/form-data; boundary=b',
        },
        body: Buffer.concat([
          Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; '),
          Buffer.from(parameter),
          Buffer.from('\r\n\r\nbytes\r\n--b--\r\n'),
        ]),
      });
      expect(answer).toMatchObject({ status: 201 });
      expect(answer.body.filename).toMatch(name);
    }
  });
});

// The names of files on a disk are bytes, and curl -T escapes them as they are.
it('reads of a name that is no UTF-8 what can be read, in an address as in a form', async () => {
  const token = await service.given.uploadToken({ attempts: 20 });
  for (const [path, name] of [
    ['%FF%FE.log', '\ufffd\ufffd.log'],
    ['%D0%B6%20caf%E9.log', 'ж caf\ufffd.log'],
    ['%c0%ae%c0%ae%c0%af', '\ufffd'.repeat(6)],
    ['%', '%'],
    ['%zz.log', '%zz.log'],
    ['%2e%2e', 'unnamed'],
    ['%ff.log/?x=%ff', '\ufffd.log'],
  ] as const)
    for (const method of ['PUT', 'POST']) {
      const sent = { method, path: `/api/v1/archives/${path}`, name };
      const socket = await rawSocket(service.url);
      socket.write(
        `${method} ${sent.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
          `Upload-Token: ${token.value}\r\nContent-Length: 5\r\n\r\nbytes`,
      );
      const answer = Buffer.from(await socket.closed(), 'latin1').toString();
      expect({ ...sent, answer }).toMatchObject({
        answer: expect.stringMatching(/^HTTP\/1.1 201 [^]*"filename":/),
      });
      expect(answer).toContain(`"filename":${JSON.stringify(name)}`);
    }
});

it('takes no path', async () => {
  const token = await service.given.uploadToken();
  const before = storedFiles(service.place);
  const put = (path: string) =>
    send(`${service.url}/api/v1/archives/${path}`, {
      method: 'PUT',
      headers: { 'Upload-Token': token.value },
      body: 'x',
    });
  for (const path of ['a/b.log', 'a/../../b.log']) expectProblem(await put(path), 'not-found');
  expect(storedFiles(service.place)).toEqual(before);
});

it('lets two archives of one ticket have the same name', async () => {
  const token = await service.given.uploadToken();
  const one = await upload(service.url, token, { name: 'same.log', bytes: 'one' });
  const two = await upload(service.url, token, { name: 'same.log', bytes: 'two' });
  expect(one.body.id).not.toBe(two.body.id);
  expect(two).toMatchObject({ status: 201, body: { filename: 'same.log' } });
});

describe('a token or key in the place of the name', () => {
  it.each(['lct_', 'lck_', 'lcd_', 'lcs_'] as const)(
    'is refused by every way in, costs nothing and is not repeated (%s…)',
    async (prefix) => {
      const token = await service.given.uploadToken({ attempts: 1 });
      const secret = prefix === 'lct_' ? token.value : newSecret(prefix);
      const before = storedFiles(service.place);
      for (const name of [secret, `${secret}.tgz`, `${secret}.md5`])
        for (const answer of [
          await upload(service.url, token, { name, way: 'form' }),
          await upload(service.url, token, { name, way: 'put' }),
          await upload(service.url, token, { name, way: 'post' }),
          await tus(service.url, token).create({ name }),
        ]) {
          const { errors } = expectProblem(answer, 'validation-failed');
          expect(errors).toMatchObject([{ field: 'filename' }]);
          expect(JSON.stringify(answer)).not.toContain(secret);
        }
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
      expect(storedFiles(service.place)).toEqual(before);
      expect(service.log.text).not.toContain(secret);
      expect(await upload(service.url, token)).toMatchObject({ status: 201 });
    },
  );
});
