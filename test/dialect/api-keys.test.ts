import { DataSource } from 'typeorm';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { scopes } from '../../src/http/allow.js';
import { databaseDump, filesDump } from '../support/dump.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly lastUsedAt: string | null;
}

const listed = async (id: string): Promise<KeyView | undefined> => {
  const { api } = await service.given.admin();
  const { items } = (await api.get('/api-keys?limit=200').expect(200)).body as { items: KeyView[] };
  return items.find((key) => key.id === id);
};

describe('an API key', () => {
  it('is shown once, when it is made, and kept as a hash alone', async () => {
    const { api } = await service.given.admin();
    const made = await api
      .post('/api-keys')
      .send({ name: 'help desk', scopes: ['tickets:read', 'tickets:write'] })
      .expect(201);
    const { value, id } = made.body as { value: string; id: string };
    expect(made.body).toMatchObject({
      name: 'help desk',
      scopes: ['tickets:read', 'tickets:write'],
      expiresAt: null,
    });
    expect(value).toMatch(/^lck_[\w-]{32,}$/);
    expect(await listed(id)).toEqual({
      id,
      name: 'help desk',
      scopes: ['tickets:read', 'tickets:write'],
      expiresAt: null,
      lastUsedAt: null,
      createdBy: 'root',
      createdAt: expect.stringMatching(/Z$/),
    });
    expect(await databaseDump(service)).not.toContain(value);
    expect(filesDump(service)).not.toContain(value);
  });

  it('works in the Authorization header alone', async () => {
    const { value } = await service.given.apiKey(['tickets:read']);
    const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
      send(`${service.url}/api/v1${path}`, { method: 'GET', headers });
    expect(await get('/tickets', { Authorization: `bearer ${value}` })).toMatchObject({
      status: 200,
    });
    expectProblem(await get(`/tickets?api_key=${value}`), 'credentials-missing');
    expectProblem(await get('/tickets', { 'X-Api-Key': value }), 'credentials-missing');
    expectProblem(await get('/tickets', { Cookie: `lc_session=${value}` }), 'session-expired');
    expectProblem(await get('/tickets', { Authorization: value }), 'api-key-unknown');
    const basic = Buffer.from(`key:${value}`).toString('base64');
    expectProblem(await get('/tickets', { Authorization: `Basic ${basic}` }), 'api-key-unknown');
  });

  it('that was made up, cut or changed is unknown', async () => {
    const { value } = await service.given.apiKey(['tickets:read']);
    for (const wrong of [
      value.slice(0, -1),
      `${value}x`,
      value.toLowerCase(),
      'lck_',
      'x'.repeat(2000),
    ]) {
      const api = service.given.stranger().set('Authorization', `Bearer ${wrong}`);
      const answer = await api.get('/tickets');
      expectProblem(answer, 'api-key-unknown');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('does what its scopes say and no more', async () => {
    const { number, platform } = await service.given.ticket();
    const reader = await service.given.apiKey(['tickets:read', 'platforms:read']);
    await reader.api.get(`/tickets/${number}`).expect(200);
    await reader.api.get(`/platforms/${platform}`).expect(200);
    for (const answer of [
      await reader.api.patch(`/tickets/${number}`).send({ note: 'x' }),
      await reader.api.post('/tickets').send({ platform, number: 'N-1' }),
      await reader.api.get(`/tickets/${number}/tokens`),
      await reader.api.delete(`/tickets/${number}`),
      await reader.api.get('/archives'),
      await reader.api.get('/storage'),
    ])
      expectProblem(answer, 'scope-insufficient');
    await reader.api.get(`/tickets/${number}`).expect(200);
  });

  it('of all scopes opens a ticket by itself, but no content, user, key, audit or session', async () => {
    const key = await service.given.apiKey(scopes, { name: 'orchestrator' });
    const platform = await service.given.platform();
    const opened = await key.api.post('/tickets').send({ platform, number: 'KEY-1' }).expect(201);
    expect(opened.body).toMatchObject({ ticket: { createdBy: 'orchestrator' } });
    const archive = await service.given.archive();
    await key.api.get(`/archives/${archive.id}`).expect(200);
    for (const answer of [
      await key.api.get(`/archives/${archive.id}/content`),
      await key.api.post(`/archives/${archive.id}/download-link`),
      await key.api.get('/users'),
      await key.api.post('/users').send({}),
      await key.api.get('/api-keys'),
      await key.api.post('/api-keys').send({ name: 'more', scopes: [...scopes] }),
      await key.api.get('/audit-events'),
      await key.api.get('/auth/session'),
      await key.api.post('/auth/totp'),
    ])
      expectProblem(answer, 'session-required');
    await key.api.delete(`/archives/${archive.id}`).expect(204);
  });

  it('is judged alone where a cookie comes with it: nobody has the rights of two', async () => {
    const { api } = await service.given.admin();
    const { value } = await service.given.apiKey(['storage:read']);
    const both = api.get('/users').set('Authorization', `Bearer ${value}`);
    expectProblem(await both, 'session-required');
    await api.get('/users').expect(200);
  });

  it('dies when it expires', async () => {
    const expiresAt = new Date(Date.now() + 1500).toISOString();
    const { api, id } = await service.given.apiKey(['tickets:read'], { expiresAt });
    await api.get('/tickets').expect(200);
    await eventually(async () => expectProblem(await api.get('/tickets'), 'api-key-unknown'));
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect(await listed(id)).toMatchObject({ expiresAt });
  });

  it('dies at once when it is deleted', async () => {
    const { api, id } = await service.given.apiKey(['tickets:read']);
    await api.get('/tickets').expect(200);
    const admin = (await service.given.admin()).api;
    await admin.delete(`/api-keys/${id}`).expect(204);
    expectProblem(await api.get('/tickets'), 'api-key-unknown');
    expectProblem(await admin.delete(`/api-keys/${id}`), 'not-found');
    expect(await listed(id)).toBeUndefined();
  });

  it('tells when it was used last, to the minute', async () => {
    const { api, id } = await service.given.apiKey(['tickets:read']);
    const begun = Date.now();
    await api.get('/tickets').expect(200);
    const { lastUsedAt } = await eventually(async () => {
      const key = await listed(id);
      expect(key?.lastUsedAt).toMatch(/:00\.000Z$/);
      return key as KeyView & { readonly lastUsedAt: string };
    });
    expect(Math.abs(Date.parse(lastUsedAt) - begun)).toBeLessThanOrEqual(60_000);
  });

  it('with a scope that this version does not know has the others', async () => {
    const { api, id } = await service.given.apiKey(['tickets:read']);
    const { manager } = service.app.get(DataSource);
    await manager.update(ApiKey, { id }, { scopes: 'everything:write tickets:read' });
    await api.get('/tickets').expect(200);
    expectProblem(await api.get('/storage'), 'scope-insufficient');
    expect(await listed(id)).toMatchObject({ scopes: ['tickets:read'] });
  });

  it.each([
    ['no scope', { scopes: [] }],
    ['an unknown scope', { scopes: ['content:read'] }],
    ['a scope twice', { scopes: ['tickets:read', 'tickets:read'] }],
    ['a scope that is no list', { scopes: 'tickets:read' }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['an end without a zone', { expiresAt: '2099-01-01T00:00:00' }],
    ['an end that is no date', { expiresAt: '2099-13-01T00:00:00Z' }],
    ['an end that is null', { expiresAt: null }],
    ['no name', { name: '' }],
    ['a value of its own', { value: `lck_${'x'.repeat(32)}` }],
  ])('is not made with %s', async (_what, fields) => {
    const { api } = await service.given.admin();
    const body = { name: 'refused', scopes: ['tickets:read'], ...fields };
    expectProblem(await api.post('/api-keys').send(body), 'validation-failed');
  });
});
