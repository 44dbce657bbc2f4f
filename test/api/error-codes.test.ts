import { truncateSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { DataSource } from 'typeorm';
import { errorCodes } from '../../src/errors/catalogue.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { jobLeft } from '../support/jobs.js';
import { databaseGone } from '../support/outage.js';
import { passkeyOwner } from '../support/passkeys.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, storeFolder } from '../support/store-files.js';
import { checksumOf, patchUnderWay, tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { boundary, sendParts, upload } from '../support/upload.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService({ TOKEN_MAX_FAILURES: '2', METRICS_TOKEN: 'm'.repeat(16) });
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  send(`${service.url}/api/v1${path}`, { method: 'GET', headers });

const post = (path: string, body: unknown = {}): Promise<Answer> =>
  send(`${service.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

/** What an admin's request is answered with. */
const asAdmin = async (
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  body?: object,
): Promise<Answer> => {
  const { api } = await service.given.admin();
  return body === undefined ? api[method](path) : api[method](path).send(body);
};

const form = async (...names: string[]): Promise<Answer> =>
  sendParts(service.url, await service.given.uploadToken(), names);

const resumable = async () => {
  const requests = tus(service.url, await service.given.uploadToken());
  return { ...requests, path: await requests.begun({ length: 4 }) };
};

const ownService = async (env: Readonly<Record<string, string>> = {}) => {
  const own = await startedService(env);
  return { own, token: await own.given.uploadToken({ attempts: 1 }) };
};

const content = async (headers: Record<string, string>) => {
  const { id } = await service.given.archive();
  return (await service.given.admin()).api.get(`/archives/${id}/content`).set(headers);
};

/** How a client comes to meet each code. */
const stories: Readonly<Partial<Record<ErrorCode, () => Promise<Answer>>>> = {
  'validation-failed': () => post('/auth/login', { username: 7 }),
  'file-missing': () => form('attachment'),
  'too-many-files': () => form('file', 'file'),
  'multipart-malformed': async () =>
    send(`${service.url}/api/v1/archives`, {
      method: 'POST',
      headers: {
        'Upload-Token': (await service.given.uploadToken()).value,
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
      },
      body: 'no part at all',
    }),
  'cursor-invalid': () => asAdmin('get', '/tickets?cursor=not-one-of-ours'),
  'request-malformed': () => get('/tickets/%ff'),

  'credentials-missing': () => get('/tickets'),
  'token-unknown': () => get('/upload-token', { 'Upload-Token': `lct_${'x'.repeat(32)}` }),
  'login-failed': () => post('/auth/login', { username: 'nobody', password: 'wrong' }),
  'session-expired': () => get('/tickets', { Cookie: 'lc_session=forged' }),
  'api-key-unknown': () => get('/tickets', { Authorization: `Bearer lck_${'x'.repeat(32)}` }),
  'metrics-token-unknown': () =>
    send(`${service.url}/metrics`, { method: 'GET', headers: { Authorization: 'Bearer wrong' } }),
  'setup-token-unknown': () =>
    post('/auth/setup', {
      token: `lcs_${'x'.repeat(32)}`,
      username: 'first',
      password: 'a long and unusual phrase 1',
    }),

  'second-factor-enrolment-required': async () => {
    const user = { username: 'fresh', password: 'a long and unusual phrase 2' };
    await asAdmin('post', '/users', { ...user, role: 'engineer' });
    const api = service.given.stranger();
    await api.post('/auth/login').send(user).expect(200);
    return api.get('/tickets');
  },
  'second-factor-required': async () => {
    const { username, password } = (await service.given.engineer()).account;
    const api = service.given.stranger();
    await api.post('/auth/login').send({ username, password }).expect(200);
    return api.get('/tickets');
  },
  'role-insufficient': async () => (await service.given.engineer()).api.get('/users'),
  'scope-insufficient': async () =>
    (await service.given.apiKey(['tickets:read'])).api.get('/storage'),
  'session-required': async () => (await service.given.apiKey(['tickets:read'])).api.get('/users'),
  'cross-site-request': () =>
    send(`${service.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { Origin: 'https://elsewhere.example' },
    }),

  'not-found': () => asAdmin('get', '/tickets/NONE-1'),
  'method-not-allowed': () => send(`${service.url}/api/v1/tickets`, { method: 'PUT' }),
  'upload-stalled': async () => {
    const { own, token } = await ownService({ UPLOAD_IDLE_TIMEOUT: '1' });
    return (await uploadUnderWay(own.url, token)).answer;
  },

  'ticket-exists': async () => {
    const { number, platform } = await service.given.ticket();
    return asAdmin('post', '/tickets', { number, platform });
  },
  'platform-exists': async () =>
    asAdmin('post', '/platforms', { name: await service.given.platform(), title: 'Again' }),
  'platform-not-empty': async () =>
    asAdmin('delete', `/platforms/${(await service.given.ticket()).platform}`),
  'user-exists': async () => {
    const { username, password } = (await service.given.engineer()).account;
    return asAdmin('post', '/users', { username, password: `${password}!`, role: 'admin' });
  },
  'last-admin': async () => asAdmin('delete', `/users/${(await service.given.admin()).id}`),

  'last-second-factor': async () => {
    const { api } = await passkeyOwner(service, 'with-one-passkey');
    const [{ id }] = (await api.get('/auth/passkeys').expect(200)).body.items;
    return api.post(`/auth/passkeys/${id}/remove`);
  },
  'job-not-dead': async () =>
    asAdmin('post', `/jobs/${await jobLeft(service.app.get(DataSource))}/retry`),

  'token-expired': async () => {
    const token = await service.given.uploadToken({ lifetime: 1 });
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
    );
    return upload(service.url, token);
  },
  'token-exhausted': async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    await service.given.archive({}, token);
    return upload(service.url, token);
  },
  'token-revoked': async () => {
    const token = await service.given.uploadToken();
    await asAdmin('delete', `/tickets/${token.ticket}/tokens/${token.id}`);
    return upload(service.url, token);
  },

  'body-too-large': () => post('/auth/login', { username: 'x'.repeat(70_000) }),
  'upload-too-large': async () => {
    const platform = await service.given.platform({ maxUploadBytes: 4 });
    return upload(service.url, await service.given.uploadToken({ platform }), { way: 'put' });
  },
  'quota-exceeded': async () => {
    const platform = await service.given.platform({ quotaBytes: 4 });
    return upload(service.url, await service.given.uploadToken({ platform }), { way: 'put' });
  },
  'precondition-failed': () => content({ 'If-Match': '"other"' }),
  'range-not-satisfiable': () => content({ Range: 'bytes=1000-' }),

  'digest-mismatch': async () =>
    upload(service.url, await service.given.uploadToken(), {
      headers: { 'Content-Digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` },
    }),
  'file-empty': async () => upload(service.url, await service.given.uploadToken(), { bytes: '' }),
  'code-invalid': async () => asAdmin('post', '/auth/totp/verify', { code: '12345' }),
  'passkey-invalid': () => asAdmin('post', '/auth/passkeys/verify/options'),
  'idempotency-key-reused': async () => {
    const token = await service.given.uploadToken();
    const headers = { 'Idempotency-Key': 'once' };
    await service.given.archive({ headers, bytes: 'one' }, token);
    return upload(service.url, token, { headers, bytes: 'two' });
  },
  'request-in-progress': async () => {
    const token = await service.given.uploadToken();
    const once = { headers: { 'Idempotency-Key': 'once' } };
    const first = await uploadUnderWay(service.url, token, once);
    const answer = await upload(service.url, token, once);
    expect(await first.finish()).toMatchObject({ status: 201 });
    return answer;
  },

  'ticket-resolved': async () => {
    const { number, token } = await service.given.ticket();
    await asAdmin('patch', `/tickets/${number}`, { resolved: true });
    return upload(service.url, token);
  },
  'token-locked': async () => {
    const token = await service.given.uploadToken();
    for (const _of of [1, 2]) await upload(service.url, token, { bytes: '' });
    return upload(service.url, token);
  },

  'rate-limited': async () => {
    const { own } = await ownService({ LOGIN_RATE: '2' });
    const wrong = () => own.given.stranger().post('/auth/login').send({});
    await wrong();
    return eventually(async () => {
      const answer = await wrong();
      expect(answer).toMatchObject({ status: 429 });
      return answer;
    });
  },
  'headers-too-large': async () => {
    const socket = await rawSocket(service.url);
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    const [head = '', text = ''] = (await socket.closed()).split('\r\n\r\n');
    const [line = '', ...fields] = head.split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => {
        const [name = '', value = ''] = field.split(': ');
        return [name.toLowerCase(), value];
      }),
    );
    return { status: Number(line.split(' ')[1]), headers, text, body: null };
  },

  'internal-error': async () => {
    const { own } = await ownService();
    const { api } = await own.given.admin();
    await own.app.get(DataSource).query('ALTER TABLE download_links RENAME TO gone');
    const { id } = await own.given.archive();
    return api.post(`/archives/${id}/download-link`);
  },
  'archive-damaged': async () => {
    const { id } = await service.given.archive({ bytes: 'whole' });
    truncateSync(blobPath(service.place, id), 3);
    return asAdmin('get', `/archives/${id}/content`);
  },
  'shutting-down': async () => {
    const { own, token } = await ownService();
    const other = await own.given.uploadToken();
    const underWay = await uploadUnderWay(own.url, token);
    const stopped = own.stop();
    const answer = await upload(own.url, other);
    expect(await underWay.finish()).toMatchObject({ status: 201 });
    await stopped;
    return answer;
  },
  'database-unavailable': async () => {
    const { own } = await ownService();
    const { api } = await own.given.admin();
    await databaseGone(own);
    return api.get('/tickets');
  },
  'storage-unavailable': async () => {
    const { own, token } = await ownService();
    await rename(storeFolder(own.place), `${storeFolder(own.place)}-elsewhere`);
    return upload(own.url, token);
  },
  'upload-offset-mismatch': async () => {
    const { path, patch } = await resumable();
    return patch(path, 1, 'logs');
  },
  'tus-version-unsupported': async () => {
    const { path, patch } = await resumable();
    return patch(path, 0, 'logs', { 'Tus-Resumable': '0.2.2' });
  },
  'content-type-unsupported': async () => {
    const { path, patch } = await resumable();
    return patch(path, 0, 'logs', { 'Content-Type': 'text/plain' });
  },
  'checksum-mismatch': async () => {
    const { path, patch } = await resumable();
    return patch(path, 0, 'logs', { 'Upload-Checksum': checksumOf('others') });
  },
  'upload-busy': async () => {
    const { path, ...requests } = await resumable();
    const first = await patchUnderWay(service.place, requests, path, 0, 'lo');
    const answer = await requests.patch(path, 0, 'logs');
    expect(await first.finish('gs')).toMatchObject({ status: 204 });
    return answer;
  },
  'too-many-uploads': async () => {
    const { own, token } = await ownService({ MAX_UPLOADS: '1' });
    const other = await own.given.uploadToken();
    const underWay = await uploadUnderWay(own.url, token);
    const answer = await upload(own.url, other);
    expect(await underWay.finish()).toMatchObject({ status: 201 });
    return answer;
  },
  'storage-full': async () => {
    const { own, token } = await ownService({ MIN_FREE_BYTES: String(2 ** 52) });
    return upload(own.url, token);
  },
};

it('has a story for every code of the catalogue', () => {
  expect(Object.keys(stories).sort()).toEqual([...errorCodes].sort());
});

describe('a client', () => {
  it.each(Object.entries(stories))('meets %s', async (code, story) => {
    const answer = await story();
    expectProblem(answer, code as ErrorCode);
    expect(answer.text).not.toMatch(
      /SQLITE|no such table|relation "|\/tmp\/|node_modules|lc[tkds]_/,
    );
    const { status, headers } = answer;
    if (status === 401) expect(headers['www-authenticate']).toMatch(/^(Basic|Bearer) realm=/);
    if (status === 429 || status === 503 || status === 507)
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
  });
});
