import { Readable } from 'node:stream';
import { noise, sha256Of } from '../support/bytes.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

const part = (parameters: string, content = 'bytes'): string =>
  `--b\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n${content}\r\n`;
const field = (name: string, content: string): string => part(`name="${name}"`, content);
const file = (content = 'bytes', name = 'file'): string =>
  part(`name="${name}"; filename="logs.tgz"`, content);
const end = '--b--\r\n';

/** Sends this body as a form, in pieces where it is a stream. */
const post = (
  body: string | Readable,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  send(`${service.url}/api/v1/archives`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b', ...headers },
    body,
  });

describe('a page without scripts', () => {
  it('sends the token in a field before the file', async () => {
    const token = await service.given.uploadToken({ attempts: 5 });
    const bytes = noise(200_000);
    const answer = await upload(service.url, null, { bytes, fields: { token: token.value } });
    expect(answer).toMatchObject({
      status: 201,
      body: { ticket: token.ticket, sha256: sha256Of(bytes), attemptsLeft: 4 },
    });
  });

  it('may leave spaces around it, and send other fields too', async () => {
    const { value } = await service.given.uploadToken();
    const fields = { note: 'it crashed', token: ` ${value}\t`, submit: 'Send' };
    expect(await upload(service.url, null, { fields })).toMatchObject({ status: 201 });
  });

  it('is asked for the token where it comes after the file', async () => {
    const { value } = await service.given.uploadToken();
    expectProblem(await post(file() + field('token', value) + end), 'credentials-missing');
  });

  it('is asked for the token where there is none', async () => {
    expectProblem(await post(file() + end), 'credentials-missing');
    expectProblem(await post(field('token', '') + file() + end), 'credentials-missing');
  });

  it('is told that the token is unknown where it is wrong, or given twice', async () => {
    const { value } = await service.given.uploadToken();
    const wrong = field('token', `lct_${'C'.repeat(32)}`);
    for (const fields of [wrong, field('token', 'x'), field('token', value) + wrong]) {
      const answer = await post(fields + file() + end);
      expectProblem(answer, 'token-unknown');
      expect(answer.headers['www-authenticate']).toMatch(/Basic realm=.*Bearer realm=/);
    }
  });

  it('cannot choose the ticket, the owner, the path or the size', async () => {
    const token = await service.given.uploadToken();
    const other = await service.given.uploadToken();
    const fields = { ticket: other.ticket, id: 'x', size: '1', role: 'admin', path: '/etc' };
    const answer = await upload(service.url, token, { fields });
    expect(answer).toMatchObject({ status: 201, body: { ticket: token.ticket, size: 9 } });
  });

  it('has its header judged where it sends one too', async () => {
    const token = await service.given.uploadToken();
    const answer = await post(field('token', token.value) + file() + end, {
      'Upload-Token': `lct_${'C'.repeat(32)}`,
    });
    expectProblem(answer, 'token-unknown');
  });
});

describe('a form with the token in its header', () => {
  it.each([
    ['no part', end],
    ['fields only', field('note', 'x') + end],
    ['a file under another name', file('bytes', 'upload') + end],
    ['a file field without a file', field('file', 'bytes') + end],
    [
      'a file of no name, as a browser sends where none was chosen',
      part('name="file"; filename=""', '') + end,
    ],
  ])('with %s is told that the file is missing', async (_, body) => {
    const { value } = await service.given.uploadToken();
    expectProblem(await post(body, { 'Upload-Token': value }), 'file-missing');
  });

  it('that is no form is told that the file is missing', async () => {
    const { value } = await service.given.uploadToken();
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=',
    ];
    for (const type of types) {
      const answer = await post('{}', { 'Upload-Token': value, 'Content-Type': type });
      expectProblem(answer, 'file-missing');
    }
  });

  it.each([
    ['two files', file() + file() + end],
    ['a second file that is empty', file() + file('') + end],
    ['a second file under another name', file() + file('x', 'other') + end],
  ])('with %s stores neither', async (_, body) => {
    const token = await service.given.uploadToken({ attempts: 3 });
    const before = storedFiles(service.place);
    const answer = await post(body, { 'Upload-Token': token.value });
    expect(['too-many-files', 'file-missing']).toContain(answer.body.code);
    expect(answer.status).toBe(400);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
    expect(storedFiles(service.place)).toEqual(before);
  });

  it('with two files says that one is too many', async () => {
    const { value } = await service.given.uploadToken();
    expectProblem(await post(file() + file() + end, { 'Upload-Token': value }), 'too-many-files');
  });

  const manyParts = Array.from({ length: 10_000 }, (_, at) => field(`f${at}`, 'x')).join('');
  const malformed: [string, string][] = [
    ['that ends in the middle of the file', file('x'.repeat(50_000)).slice(0, -10)],
    ['that ends before its last boundary', file()],
    ['that ends in the middle of a header', '--b\r\nContent-Disposition: form-da'],
    ['of one line', '\r\n'],
    ['of garbage', noise(5000).toString('latin1')],
    ['with another boundary than it says', file().replaceAll('--b', '--c') + '--c--\r\n'],
    ['of ten thousand parts', manyParts + file() + end],
    ['with a field that is too long', field('note', 'x'.repeat(100_000)) + file() + end],
    ['with a field whose name is too long', field('n'.repeat(1000), 'x') + file() + end],
    [
      'with a part that has ten thousand headers',
      `--b\r\n${'X-A: b\r\n'.repeat(10_000)}\r\nx\r\n${file()}${end}`,
    ],
    ['with a preamble without end', 'x'.repeat(1_000_000)],
    ['with nested names', field('a[b]', 'x') + file() + end],
    ['with deeply nested names', field(`a${'[b]'.repeat(30)}`, 'x') + file() + end],
    ['with a long array', field('a[999999999]', 'x') + file() + end],
  ];
  it.each(malformed)('%s stores nothing and costs nothing', async (_, body) => {
    const token = await service.given.uploadToken({ attempts: 3 });
    const before = storedFiles(service.place);
    const answer = await post(body, { 'Upload-Token': token.value });
    expectProblem(answer, 'multipart-malformed');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
    expect(storedFiles(service.place)).toEqual(before);
  });

  it.each(['multipart/form-data', 'multipart/form-data; boundry=b'])(
    'of the type %j is malformed',
    async (type) => {
      const { value } = await service.given.uploadToken();
      const answer = await post(file() + end, { 'Upload-Token': value, 'Content-Type': type });
      expectProblem(answer, 'multipart-malformed');
    },
  );

  it('cannot reach the prototypes of objects', async () => {
    const token = await service.given.uploadToken({ attempts: 20 });
    for (const name of [
      '__proto__',
      'constructor',
      '__proto__[polluted]',
      'constructor[prototype][polluted]',
      'toString',
    ]) {
      const answer = await post(field(name, 'yes') + file() + end, { 'Upload-Token': token.value });
      expect([201, 400]).toContain(answer.status);
      expect(answer.text).not.toContain('polluted');
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    }
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });

  it('may come in pieces of one byte', async () => {
    const { value } = await service.given.uploadToken();
    const body = field('note', 'x') + file('a\r\n--b\r\n-'.replace('--b', '--a')) + end;
    const pieces = Readable.from(
      [...body].map((sign) => Buffer.from(sign)),
      { objectMode: false },
    );
    expect(await post(pieces, { 'Upload-Token': value })).toMatchObject({
      status: 201,
      body: { sha256: sha256Of('a\r\n--a\r\n-') },
    });
  });

  it('may hold what looks like a boundary', async () => {
    const token = await service.given.uploadToken();
    const bytes = '\r\n--logs-collector-test-boundar\r\n--logs-collector-test-bounda--\r\n--';
    const answer = await upload(service.url, token, { bytes });
    expect(answer).toMatchObject({ status: 201, body: { sha256: sha256Of(bytes) } });
  });
});

describe('a form of a stranger', () => {
  it.each([
    ['of garbage', noise(5000).toString('latin1')],
    ['that ends early', '--b\r\nContent-Disposition: form-da'],
    ['with a preamble without end', 'x'.repeat(1_000_000)],
  ])('%s is refused before anything is stored', async (_, body) => {
    const before = storedFiles(service.place);
    expectProblem(await post(body), 'multipart-malformed');
    expect(storedFiles(service.place)).toEqual(before);
  });
});
