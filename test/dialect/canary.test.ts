import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type TestAgent from 'supertest/lib/agent.js';
import { scopes } from '../../src/http/allow.js';
import { Authenticator } from '../support/authenticator.js';
import { cookieOf } from '../support/browsers.js';
import { filesDump, placeDump } from '../support/dump.js';
import { admin } from '../support/given.js';
import type { Answer } from '../support/http.js';
import { send } from '../support/http.js';
import { addPasskey, newcomer } from '../support/passkeys.js';
import { spawnedService } from '../support/program.js';
import { upload } from '../support/upload.js';

/** Everything secret of this story, by what it is. */
const secrets = new Map<string, string>();

const secret = (name: string, value: string): string => {
  expect(value.length).toBeGreaterThan(9);
  secrets.set(name, value);
  return value;
};

const environment = {
  LOG_LEVEL: 'trace',
  SECRET_KEY: secret('SECRET_KEY', 'canary-secret-key-0123456789-0123456789-0123456789'),
  METRICS_TOKEN: secret('METRICS_TOKEN', 'canary-metrics-token-0123456789'),
};

/** As they are, and as what a program might have made of them. */
const formsOf = (value: string): readonly string[] => {
  const bytes = Buffer.from(value);
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('hex'),
    // Without the last group, which depends on what follows.
    bytes.toString('base64').slice(0, -4),
    bytes.toString('base64url').slice(0, -4),
  ];
};

/** Names of the secrets that are in there; of a cookie its id alone is one, too. */
const foundIn = (text: string): string[] =>
  [...secrets]
    .filter(([, value]) =>
      [...new Set([value, value.split('.')[0] ?? value].flatMap(formsOf))].some((form) =>
        text.includes(form),
      ),
    )
    .map(([name]) => name);

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const { paths } = JSON.parse(
  readFileSync(resolve(__dirname, '../../docs/openapi.json'), 'utf8'),
) as Document;

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods)
    .filter((method) => /^(get|head|post|put|patch|delete|options)$/.test(method))
    // A stream has no end to wait for.
    .map((method) => ({ path, method: path.endsWith('/events') ? 'HEAD' : method.toUpperCase() })),
);

type Headers = Readonly<Record<string, string>>;

/** An answer, with what its headers say; a new session's cookie is the browser's own. */
const told = ({ text, headers: { 'set-cookie': _own, ...headers } }: Answer): string =>
  text + JSON.stringify(headers);

it('a secret is told to nobody and kept nowhere, wherever it was sent', async () => {
  secret('ADMIN_PASSWORD', admin.password);
  const service = await spawnedService(environment);
  const { url, given, place } = service;
  const answers: [what: string, text: string][] = [];
  const call = async (method: string, path: string, headers: Headers, body?: string) => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const answer = await send(url + path, {
      method,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    expect({ method, path, status: answer.status }).not.toMatchObject({ status: 500 });
    answers.push([`${method} ${path} ${Object.keys(headers).join()}`, told(answer)]);
  };

  // Everything that can be made is made, and used.
  const root = await given.admin();
  const { account, api } = await given.engineer('canary');
  secret('password', account.password);
  for (const person of [root.account, account]) {
    secret(`TOTP secret of ${person.username}`, person.secret);
    person.recoveryCodes.forEach((code, at) => secret(`${person.username} ${at}`, code));
  }
  const cookie = { Cookie: cookieOf(root.api) };
  for (const [name, of] of Object.entries({ root: root.api, canary: api }))
    secret(`cookie of ${name}`, cookieOf(of).slice('lc_session='.length));
  const device = new Authenticator(url);
  const owner = await newcomer({ given }, 'passkey');
  secret('cookie of AAL1', cookieOf(owner.api).slice('lc_session='.length));
  const added = (await addPasskey(owner.api, device)).body as { recoveryCodes: string[] };
  added.recoveryCodes.forEach((code, at) => secret(`passkey ${at}`, code));
  const asked = await given.stranger().post('/auth/passkeys/sign-in/options').expect(200);
  secret('challenge', (asked.body as { challenge: string }).challenge);

  const token = await given.uploadToken({ attempts: 100 });
  const [T, K] = [secret('token', token.value), secret('key', (await given.apiKey(scopes)).value)];
  const { id } = await given.archive({}, token);
  const made = await root.api.post(`/archives/${id}/download-link`).expect(201);
  const link = secret('link', (made.body as { url: string }).url.split('/').at(-1) ?? '');
  await send(`${url}/api/v1/downloads/${link}`, { method: 'GET' });
  await signsIn(given.stranger(), account);
  const [wrongT, wrongK] = [secret('no token', `lct_${'Kanari'.repeat(6)}`), `lck_${T.slice(4)}`];
  secret('no key', wrongK);
  secret('no password', 'canary of a wrong password');
  secret('no cookie', 'canary-forged-cookie');

  // And all of it goes wherever it can be put, right and wrong.
  const nothing: Headers = {};
  const key: Headers = { Authorization: `Bearer ${K}` };
  const carried: readonly Headers[] = [
    nothing,
    { 'Upload-Token': T },
    { 'Upload-Token': wrongT },
    key,
    { Authorization: `Bearer ${wrongK}` },
    { Authorization: `Basic ${btoa(`x:${T}`)}` },
    { Authorization: `Basic ${btoa(`${account.username}:${account.password}`)}` },
    { Authorization: `Bearer ${environment.METRICS_TOKEN}` },
    { Cookie: `lc_session=canary-forged-cookie; other=${K}` },
    cookie,
  ];
  const all = Object.fromEntries(secrets);
  const body = JSON.stringify({
    ...{ token: T, password: account.password, username: 'canary', code: account.recoveryCodes[0] },
    ...{ current: secrets.get('no password'), next: account.password, response: all, [K]: T, all },
  });
  const query = new URLSearchParams({ token: T, key: K, password: account.password, code: link });
  for (const { method, path } of operations) {
    const place = path.replace(/\{\w+\}/g, 'none');
    const takesBody = /^(POST|PUT|PATCH)$/.test(method);
    // What a customer names a file is kept; who signs out has no cookie any more.
    const isUpload = takesBody && path.startsWith('/api/v1/archives');
    const kits = carried.filter((one) => one !== cookie || !path.endsWith('/logout'));
    await Promise.all(
      kits.map(async (headers) => {
        await call(method, `${place}?${query.toString()}`, headers);
        if (![nothing, key, cookie].includes(headers)) return;
        if (takesBody && !isUpload) await call(method, place, headers, body);
        if (path.includes('{'))
          for (const value of [T, K, link, account.password])
            await call(method, path.replace(/\{\w+\}/g, encodeURIComponent(value)), headers);
      }),
    );
  }
  for (const path of ['/', '/upload', `/upload/${T}`, `/${K}`, '/metrics', '/api/docs'])
    for (const headers of carried) await call('GET', path, { ...headers, Accept: 'text/html' });
  await upload(url, null, { fields: { token: wrongT } });
  await upload(url, null, { fields: { token: T, password: account.password } });
  await upload(url, token, { headers: { 'Content-Digest': `sha-256=${K}` } });

  // One by one only where there is something to tell.
  const isClean = foundIn(answers.map(([, text]) => text).join('\n')).length === 0;
  for (const [what, text] of isClean ? [] : answers)
    expect({ what, found: foundIn(text) }).toEqual({ what, found: [] });
  expect(foundIn(await audited(root.api))).toEqual([]);
  expect(foundIn(await placeDump(place))).toEqual([]);
  // With the write-ahead log beside the database, and then without.
  expect(foundIn(filesDump(service))).toEqual([]);
  service.kill('SIGTERM');
  const { stdout, stderr } = await service.ended;
  expect(stdout).toMatch(/"level":"(trace|debug)"/);
  expect(foundIn(stdout + stderr)).toEqual([]);
  expect(stdout).not.toMatch(/lc[tkds]_[\w-]{8}/);
  expect(foundIn(filesDump(service))).toEqual([]);
  expect(foundIn(await placeDump(place))).toEqual([]);
  // The search would find them.
  for (const value of secrets.values())
    for (const form of formsOf(value)) expect(foundIn(`… ${form} …`)).not.toEqual([]);
});

/** Right and wrong, by every kind of code. */
const signsIn = async (
  api: TestAgent,
  account: { username: string; password: string; recoveryCodes: string[]; secret: string },
): Promise<void> => {
  const { username, password } = account;
  await api.post('/auth/login').send({ username, password: 'canary of a wrong password' });
  await api.post('/auth/login').send({ username: password, password }).expect(401);
  await api.post('/auth/login').send({ username, password }).expect(200);
  await api.post('/auth/totp/verify').send({ code: account.secret });
  await api.post('/auth/recovery').send({ code: account.recoveryCodes[1] }).expect(200);
  await api.post('/auth/recovery').send({ code: account.recoveryCodes[1] });
  secret('cookie of a recovery', cookieOf(api).slice('lc_session='.length));
};

/** Every event of the audit. */
const audited = async (api: TestAgent): Promise<string> => {
  let [text, cursor]: [string, string | null] = ['', ''];
  while (cursor !== null) {
    const page = await api.get(`/audit-events?limit=200${cursor && `&cursor=${cursor}`}`);
    text += page.text;
    cursor = (page.body as { nextCursor: string | null }).nextCursor;
  }
  expect(text).toContain('session.refused');
  return text;
};
