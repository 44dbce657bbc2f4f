import { Readable } from 'node:stream';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { statusOf } from '../../src/errors/catalogue.js';
import { pagePolicy } from '../../src/static/web.policy.js';
import { noise, sha256Of } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { databaseGone } from '../support/outage.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import type { Uploading } from '../support/upload.js';

/** As browsers ask when a form is sent. */
const browser = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
};

let service: TestService;
beforeAll(async () => {
  service = await startedService({ TOKEN_MAX_FAILURES: '2' });
});

/** The form of the page for browsers without scripts. */
const sent = (
  { url }: Pick<TestService, 'url'>,
  token: string,
  { headers = {}, ...uploading }: Uploading = {},
): Promise<Answer> =>
  upload(url, null, { ...uploading, fields: { token }, headers: { ...browser, ...headers } });

const expectPage = ({ headers, text }: Answer): void => {
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': pagePolicy,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  expect(text).toMatch(/^<!doctype html>/);
  // Nothing that the policy would refuse, and no secret.
  expect(text).not.toMatch(/<script|<style|<[^>]*\s(style|on\w+)=|lct_/);
};

const expectRefusal = (answer: Answer, code: ErrorCode, sentence: string): void => {
  expect(answer.status).toBe(statusOf(code));
  expectPage(answer);
  expect(answer.text).toContain('The file was not stored');
  expect(answer.text).toContain(sentence);
  expect(answer.text).toContain(String(answer.headers['x-request-id']));
  expect(answer.text).toContain('href="/upload"');
};

describe('a browser without scripts', () => {
  it('is shown a receipt, in which the name is text', async () => {
    const token = await service.given.uploadToken({ attempts: 3 });
    const bytes = noise(200_000);
    const name = '<b onclick=x> "логи" & co.tgz';
    const answer = await sent(service, token.value, { bytes, name });
    expect(answer.status).toBe(201);
    expectPage(answer);
    for (const part of [
      'The file has arrived',
      token.ticket,
      '&lt;b onclick=x&gt; &quot;логи&quot; &amp; co.tgz',
      '200 kB (200,000 bytes)',
      sha256Of(bytes),
      'You may send 2 more files with this token.',
      'Send another file',
    ])
      expect(answer.text).toContain(part);
    const { api } = await service.given.admin();
    const { body } = await api.get(`/archives?ticket=${token.ticket}`).expect(200);
    const [archive] = (body as { items: { id: string; uploadedAt: string }[] }).items;
    expect(answer.headers.location).toBe(`/api/v1/archives/${archive?.id}`);
  });

  it('may put the whole link into the field', async () => {
    const { value } = await service.given.uploadToken();
    const link = ` https://logs.example.com/upload#${value} `;
    expect((await sent(service, link)).status).toBe(201);
  });

  it('is told so in Russian where it prefers that', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const headers = { 'Accept-Language': 'de, ru-RU;q=0.9, en;q=0.5' };
    const answer = await sent(service, token.value, { headers });
    expectPage(answer);
    expect(answer.headers['content-language']).toBe('ru');
    expect(answer.text).toContain('Файл получен');
    expect(answer.text).toContain('По этому токену уже отправлены все разрешённые файлы.');
    const refused = await sent(service, token.value, { headers });
    expect(refused.status).toBe(410);
    expect(refused.text).toContain('По этой ссылке уже отправлены все разрешённые файлы.');
  });

  it('is told what became of a checksum', async () => {
    const { value } = await service.given.uploadToken();
    const bytes = `${sha256Of('some logs')}\n`;
    const claimed = await sent(service, value, { name: 'logs.tgz.sha256', bytes });
    expect(claimed.status).toBe(201);
    expectPage(claimed);
    expect(claimed.text).toContain('It will be compared with the file');
    const differing = await sent(service, value, { bytes: 'other logs' });
    expectRefusal(differing, 'digest-mismatch', 'Send the file again.');
  });
});

describe('a browser without scripts is refused with a page', () => {
  it('for its token, and is never asked for a password', async () => {
    const { api } = await service.given.admin();
    const gone = await service.given.ticket({ lifetime: 1 });
    const spent = await service.given.uploadToken({ attempts: 1 });
    await upload(service.url, spent);
    const revoked = await service.given.ticket();
    await api.delete(`/tickets/${revoked.number}/tokens/${revoked.token.id}`).expect(204);
    const resolved = await service.given.ticket();
    await api.patch(`/tickets/${resolved.number}`).send({ resolved: true }).expect(200);
    const locked = await service.given.uploadToken();
    for (const bytes of ['', '']) await upload(service.url, locked, { bytes });
    await eventually(async () =>
      expect(await tokenState(service.url, gone.token)).toMatchObject({ state: 'expired' }),
    );
    for (const [token, code, sentence] of [
      [`lct_${'x'.repeat(32)}`, 'token-unknown', 'Check that it was copied whole'],
      ['', 'credentials-missing', 'into the first field.'],
      [gone.token.value, 'token-expired', 'This link has expired. Ask the support engineer'],
      [spent.value, 'token-exhausted', 'All files that this link allows have been sent.'],
      [revoked.token.value, 'token-revoked', 'This link was withdrawn.'],
      [resolved.token.value, 'ticket-resolved', 'The ticket is resolved and takes no files.'],
      [locked.value, 'token-locked', 'Too many uploads failed'],
    ] as const) {
      const answer = await sent(service, token);
      expectRefusal(answer, code, sentence);
      // At a challenge for Basic a browser asks its user for a name and a password.
      expect(answer.headers['www-authenticate'] ?? '').not.toMatch(/basic/i);
      if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer /);
    }
  });

  it('for its file', async () => {
    const small = await service.given.platform({ maxUploadBytes: 1000 });
    const full = await service.given.platform({ quotaBytes: 1000 });
    for (const [platform, bytes, code, sentence] of [
      [small, noise(1001), 'upload-too-large', 'Pack it better or split it.'],
      [full, noise(1001), 'quota-exceeded', 'Tell the support engineer.'],
      [small, '', 'file-empty', 'The file is empty. Choose another.'],
    ] as const) {
      const token = await service.given.uploadToken({ platform, attempts: 3 });
      expectRefusal(await sent(service, token.value, { bytes }), code, sentence);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
    }
  });

  it('where no file was chosen, or the form is none', async () => {
    const { value } = await service.given.uploadToken();
    const field = `--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n${value}\r\n`;
    const file = '--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n';
    const post = (type: string, body: string) =>
      send(`${service.url}/api/v1/archives`, {
        method: 'POST',
        headers: { ...browser, 'Content-Type': type },
        body,
      });
    const form = 'multipart/form-data; boundary=b';
    expectRefusal(await post(form, `${field}${file}--b--\r\n`), 'file-missing', 'Choose a file');
    expectRefusal(await post(form, 'nothing'), 'multipart-malformed', 'Send it again.');
    const urlencoded = await post('application/x-www-form-urlencoded', `token=${value}`);
    expectRefusal(urlencoded, 'credentials-missing', 'The upload token is missing.');
  });

  it('where the service cannot take anything, and is told how long to wait', async () => {
    const tight = await startedService({ MIN_FREE_BYTES: String(2 ** 52) });
    const full = await sent(tight, (await tight.given.uploadToken()).value);
    expectRefusal(full, 'storage-full', 'The storage is full. Tell the support engineer.');
    expect(full.text).toContain('Wait 5 minutes before you try again.');

    const { value } = await tight.given.uploadToken();
    await databaseGone(tight);
    const down = await sent(tight, value);
    expectRefusal(down, 'database-unavailable', 'The database does not answer.');
  });

  it('where it guesses too often', async () => {
    const strict = await startedService({ API_RATE: '10' });
    const guess = () => sent(strict, `lct_${'x'.repeat(32)}`);
    let answer = await guess();
    while (answer.status === 401) answer = await guess();
    expectRefusal(answer, 'rate-limited', 'Too many tries.');
    expect(answer.text).toMatch(/Wait \d+ (second|minute)s? before you try again\./);
  });

  it('while most of a large file is still on its way', async () => {
    const bytes = Readable.from(
      (function* () {
        for (let piece = 0; piece < 100; piece += 1) yield noise(50_000);
      })(),
    );
    const answer = await sent(service, `lct_${'x'.repeat(32)}`, { bytes });
    expectRefusal(answer, 'token-unknown', 'Check that it was copied whole');
  });
});

describe('who is no browser gets JSON, as ever', () => {
  it.each([
    ['no Accept', {}],
    ['curl', { Accept: '*/*' }],
    ['a program', { Accept: 'application/json' }],
    ['a program that would take a page too', { Accept: 'application/json, text/html;q=0.9' }],
    ['one that takes both alike', { Accept: 'application/json, text/html' }],
  ])('%s', async (_, headers) => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const fields = { token: token.value };
    const answer = await upload(service.url, null, { headers, fields });
    expect(answer).toMatchObject({ status: 201, body: { ticket: token.ticket, attemptsLeft: 0 } });
    expectProblem(await upload(service.url, null, { headers, fields }), 'token-exhausted');
    const wrong = { token: 'wrong' };
    const refused = await upload(service.url, null, { headers, fields: wrong });
    expectProblem(refused, 'token-unknown');
    expect(refused.headers['www-authenticate']).toMatch(/Basic realm=/);
  });

  it('on every other route, whatever it asks for', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const put = await upload(service.url, token, { way: 'put', headers: browser });
    expect(put).toMatchObject({ status: 201, body: { ticket: token.ticket } });
    expectProblem(
      await upload(service.url, token, { way: 'post', headers: browser }),
      'token-exhausted',
    );
  });
});
