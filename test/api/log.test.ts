import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';
import { afterPassword, cookieOf } from '../support/browsers.js';
import { unusedAgain } from '../support/codes.js';
import { databaseDump, filesDump } from '../support/dump.js';
import { eventually } from '../support/eventually.js';
import { rawSocket, send } from '../support/http.js';
import type { LogEvent } from '../support/lines.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { upload } from '../support/upload.js';

/** Everything that somebody typed, was shown or carried in this story, by what it is. */
type Secrets = Map<string, string>;

/** A day at work: every kind of credential is made, used rightly, used wrongly and put where it does not belong. */
const aDay = async (service: TestService): Promise<{ secrets: Secrets; refused: string }> => {
  const { given, url } = service;
  const secrets: Secrets = new Map();
  const refused: string[] = [];
  const admin = await given.admin();
  const { account, api } = await given.engineer('day');
  secrets.set('password', account.password);
  secrets.set('TOTP secret', account.secret);
  account.recoveryCodes.forEach((code, index) => secrets.set(`recovery code ${index}`, code));
  secrets.set('cookie of before', cookieOf(api));

  const half = await afterPassword(service, account);
  secrets.set('cookie of AAL1', cookieOf(half));
  await unusedAgain(service, account);
  await half
    .post('/auth/totp/verify')
    .send({ code: await account.code() })
    .expect(200);
  secrets.set('cookie of AAL2', cookieOf(half));
  const wrongPassword = 'canary-wrong-password-1';
  const nextPassword = 'canary new pass phrase 2';
  secrets.set('wrong password', wrongPassword);
  secrets.set('new password', nextPassword);
  const change = { current: account.password, next: nextPassword };
  await half.post('/auth/password').send(change).expect(200);

  const token = await given.uploadToken();
  secrets.set('upload token', token.value);
  const { id } = await given.archive({}, token);
  const key = await given.apiKey(['tickets:read']);
  secrets.set('API key', key.value);
  await key.api.get('/tickets').expect(200);
  const link = (await admin.api.post(`/archives/${id}/download-link`).expect(201)).body as {
    url: string;
  };
  secrets.set('download link', link.url.split('/').at(-1) ?? '');
  await send(link.url, { method: 'GET' });

  // Wrongly, and in wrong places.
  const made = { lct: `lct_${'canary'.repeat(6)}`, lck: `lck_${'canary'.repeat(6)}` };
  secrets.set('unknown token', made.lct);
  secrets.set('unknown key', made.lck);
  secrets.set('forged cookie', 'forged-canary-cookie');
  const stranger = given.stranger();
  const wrong: PromiseLike<{ readonly text: string; readonly status: number }>[] = [
    stranger.post('/auth/login').send({ username: 'day', password: wrongPassword }),
    // People type their password where the name belongs.
    stranger.post('/auth/login').send({ username: wrongPassword, password: wrongPassword }),
    stranger.post('/auth/login').send({ username: 'day', password: [wrongPassword] }),
    stranger.get('/tickets').set('Cookie', 'lc_session=forged-canary-cookie'),
    stranger.get('/tickets').set('Authorization', `Bearer ${made.lck}`),
    stranger.get(`/tickets/${key.value}`),
    stranger.get(`/tickets?token=${token.value}`),
    admin.api.get(`/tickets?q[]=${token.value}`),
    admin.api.get(`/tickets/${token.value}!`),
    admin.api.post('/auth/recovery').send({ code: account.recoveryCodes[9] }),
    admin.api.post('/auth/totp/verify').send({ code: account.secret }),
    stranger.post('/auth/setup').send({ token: made.lct, username: 'x', password: wrongPassword }),
    stranger.get('/upload-token').set('Authorization', `Bearer ${made.lct}`),
    stranger.get('/tickets').set('Authorization', `Basic ${btoa(`x:${token.value}`)}`),
    upload(url, made.lct),
    upload(url, null, { fields: { token: made.lct } }),
    upload(url, token, { name: `${token.value}.tgz` }),
    upload(url, token, { name: key.value, way: 'put' }),
    upload(url, token, { headers: { 'Content-Digest': `sha-256=${token.value}` } }),
    send(link.url, { method: 'GET' }),
    send(`${url}/upload/${token.value}`, { method: 'GET' }),
    send(`${url}/api/v1/nothing/${key.value}`, { method: 'GET' }),
    send(`${url}/api/v1/tickets?password=${wrongPassword}`, { method: 'GET' }),
    send(`${url}/api/v1/tickets/${wrongPassword}`, { method: 'GET' }),
    send(`${url}/${wrongPassword}`, { method: 'GET', headers: { Referer: wrongPassword } }),
  ];
  for (const answer of await Promise.all(wrong)) {
    expect(answer.status).toBeGreaterThanOrEqual(400);
    refused.push(answer.text);
  }
  await half.post('/auth/logout').expect(204);
  return { secrets, refused: refused.join('\n') };
};

/** Names of the secrets that a text holds, in any of the forms in which they may have got there. */
const foundIn = (text: string, secrets: Secrets): string[] =>
  [...secrets]
    .filter(([, secret]) => {
      const bare = secret.replace('lc_session=', '');
      const forms = [bare, bare.split('.')[0] ?? bare, encodeURIComponent(bare), btoa(bare)];
      return forms.some((form) => form.length > 0 && text.includes(form));
    })
    .map(([name]) => name);

it.each(['info', 'trace'])('no secret reaches the log, at level %s', async (level) => {
  const service = await startedService({ LOG_LEVEL: level });
  const { secrets, refused } = await aDay(service);
  await service.stop();
  expect(secrets.size).toBeGreaterThan(20);
  expect(foundIn(service.log.text, secrets)).toEqual([]);
  expect(service.log.text).not.toMatch(/lc[tkd]_[\w-]{8}/);
  expect(foundIn(refused, secrets)).toEqual([]);
});

it('no secret is in the database, nor in any file that the service keeps', async () => {
  const service = await startedService();
  const { secrets } = await aDay(service);
  expect(foundIn(await databaseDump(service), secrets)).toEqual([]);
  await service.stop();
  expect(foundIn(filesDump(service), secrets)).toEqual([]);
});

it('a code of the authenticator is not told either, right or wrong', async () => {
  const service = await startedService();
  const { account, api } = await service.given.engineer();
  await unusedAgain(service, account);
  const half = await afterPassword(service, account);
  const right = await account.code();
  const wrong = generateSync({ secret: account.secret, epoch: 0 });
  await half.post('/auth/totp/verify').send({ code: wrong });
  await half.post('/auth/totp/verify').send({ code: right }).expect(200);
  await api.get('/tickets');
  const said = service.log
    .events()
    .map(({ time: _time, durationMs: _durationMs, requestId: _id, ...rest }) => rest);
  expect(JSON.stringify(said)).not.toContain(right);
  expect(JSON.stringify(said)).not.toContain(wrong);
});

describe('each line', () => {
  it('is one JSON object, with the id of the request and where it came from', async () => {
    const service = await startedService({ LOG_LEVEL: 'trace' });
    const requestId = 'a-request-of-ours';
    await service.given
      .stranger()
      .get('/tickets?q=a%0A%7B%22event%22:%22forged%22%7D')
      .set('User-Agent', 'agent "quoted"')
      .set('X-Request-Id', requestId);
    await service.given.stranger().get('/no\u2028such%0a{"event":"forged"}');
    await service.stop();
    const lines = service.log.text.split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      const said = JSON.parse(line) as Record<string, unknown>;
      expect(said['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(said['level']).toMatch(/^(trace|debug|info|warn|error|fatal)$/);
      expect(said['event']).not.toBe('forged');
    }
    const own = service.log.events().filter((line) => line['requestId'] === requestId);
    expect(own).toEqual([
      expect.objectContaining({
        event: 'http.request',
        method: 'GET',
        route: '/api/v1/tickets',
        status: 401,
        address: '127.0.0.1',
        durationMs: expect.any(Number),
      }),
    ]);
  });

  it('of a fault of ours says what it was, and the answer does not', async () => {
    const service = await startedService();
    const { api } = await service.given.admin();
    await service.app.get(DataSource).query('ALTER TABLE download_links RENAME TO gone');
    const { id } = await service.given.archive();
    const answer = await api.post(`/archives/${id}/download-link`).expect(500);
    const { requestId } = answer.body as { requestId: string };
    const failed = await service.log.event('http.failed');
    expect(failed).toMatchObject({ level: 'error', code: 'internal-error', requestId });
    expect(JSON.stringify(failed)).toContain('download_links');
    expect(answer.text).not.toContain('download_links');
  });

  it('of a request that broke off names its sender, blames nobody and tells of no answer', async () => {
    const service = await startedService();
    const { value } = await service.given.uploadToken();
    for (const [line, header] of [
      ['POST /api/v1/auth/login', 'Content-Type: application/json'],
      ['PUT /api/v1/archives/logs.tgz', `Upload-Token: ${value}`],
    ]) {
      const socket = await rawSocket(service.url);
      socket.write(`${line} HTTP/1.1\r\nHost: h\r\n${header}\r\nContent-Length: 100\r\n`);
      socket.write('Expect: 100-continue\r\n\r\n');
      await socket.until(/100 Continue/);
      socket.write('{');
      socket.reset();
    }
    const broken = (): readonly LogEvent[] =>
      service.log
        .events('http.request')
        .filter(({ route }) => /login|filename/.test(String(route)));
    await eventually(() => expect(broken()).toHaveLength(2));
    for (const said of broken())
      expect(said).toMatchObject({ requestId: expect.any(String), address: '127.0.0.1' });
    const uploaded = broken().find(({ method }) => method === 'PUT');
    expect(uploaded).toMatchObject({ aborted: true });
    expect(uploaded).not.toHaveProperty('status');
    expect(service.log.events('http.failed')).toEqual([]);
    expect(service.log.events('http.refused')).toEqual([]);
  });

  it('is not written for the probes of an orchestrator', async () => {
    const service = await startedService();
    for (const path of ['/health/live', '/health/ready', '/api/v1/health'])
      await send(service.url + path, { method: 'GET' });
    expect(service.log.text).not.toContain('health');
  });
});
