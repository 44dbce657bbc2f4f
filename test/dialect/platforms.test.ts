import type TestAgent from 'supertest/lib/agent.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
let api: TestAgent;

beforeAll(async () => {
  service = await startedService();
  ({ api } = await service.given.engineer());
});

const none = {
  maxUploadBytes: null,
  tokenAttempts: null,
  tokenLifetime: null,
  quotaBytes: null,
  retentionDays: null,
};

const limits = {
  maxUploadBytes: 1_000_000,
  tokenAttempts: 3,
  tokenLifetime: 3600,
  quotaBytes: Number.MAX_SAFE_INTEGER,
  retentionDays: 30,
};

describe('a platform', () => {
  it('is made, read, changed and deleted', async () => {
    const made = await api.post('/platforms').send({ name: 'backup', title: 'Бэкап' }).expect(201);
    const view = { name: 'backup', title: 'Бэкап', ...none };
    expect(made.body).toEqual(view);
    expect((await api.get('/platforms/backup').expect(200)).body).toEqual(view);
    const changed = await api.patch('/platforms/backup').send({ title: 'Backup' }).expect(200);
    expect(changed.body).toEqual({ ...view, title: 'Backup' });
    await api.delete('/platforms/backup').expect(204);
    expectProblem(await api.get('/platforms/backup'), 'not-found');
    expectProblem(await api.delete('/platforms/backup'), 'not-found');
    expectProblem(await api.patch('/platforms/backup').send({ title: 'x' }), 'not-found');
  });

  it('has limits of its own: what is left out stays, null takes the service’s again', async () => {
    const body = { name: 'limited', title: 'Limited', ...limits };
    expect((await api.post('/platforms').send(body).expect(201)).body).toEqual(body);
    const change = async (changes: object): Promise<unknown> =>
      (await api.patch('/platforms/limited').send(changes).expect(200)).body;
    expect(await change({})).toEqual(body);
    expect(await change({ tokenAttempts: 4 })).toEqual({ ...body, tokenAttempts: 4 });
    const cleared = { ...body, tokenAttempts: null, quotaBytes: null };
    expect(await change({ tokenAttempts: null, quotaBytes: null })).toEqual(cleared);
    expect((await api.get('/platforms/limited')).body).toEqual(cleared);
  });

  it('gives its limits to new tokens, and the service those that it does not set', async () => {
    const platform = await service.given.platform({ tokenAttempts: 3, tokenLifetime: 60 });
    const inherited = await api.post('/tickets').send({ platform, number: 'LIM-1' }).expect(201);
    const { token } = inherited.body as { token: { attemptsLeft: number; expiresAt: string } };
    expect(token.attemptsLeft).toBe(3);
    const seconds = (Date.parse(token.expiresAt) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    await api.patch(`/platforms/${platform}`).send({ tokenAttempts: null }).expect(200);
    const fallen = await api.post('/tickets').send({ platform, number: 'LIM-2' }).expect(201);
    expect((fallen.body as { token: { attemptsLeft: number } }).token.attemptsLeft).toBe(5);
  });

  it('has a name that no other has, also when many make it at once', async () => {
    const make = () => api.post('/platforms').send({ name: 'raced', title: 'Raced' });
    const answers = await Promise.all([make(), make(), make(), make()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expectProblem(await make(), 'platform-exists');
  });

  it.each(['', 'A', '-a', 'a_b', 'a b', 'a'.repeat(64), 'ä', 'a/b', 'a\n', '..'])(
    'cannot be named %j',
    async (name) => {
      const answer = await api.post('/platforms').send({ name, title: 'x' });
      expect(expectProblem(answer, 'validation-failed').errors?.[0]?.field).toBe('name');
    },
  );

  it.each([
    [{ title: '' }, 'title'],
    [{ title: null }, 'title'],
    [{ maxUploadBytes: 0 }, 'maxUploadBytes'],
    [{ maxUploadBytes: 2 ** 53 }, 'maxUploadBytes'],
    [{ tokenAttempts: 1001 }, 'tokenAttempts'],
    [{ tokenLifetime: 366 * 24 * 3600 }, 'tokenLifetime'],
    [{ quotaBytes: -1 }, 'quotaBytes'],
    [{ retentionDays: 0.5 }, 'retentionDays'],
    [{ retentionDays: '30' }, 'retentionDays'],
    [{ name: 'renamed' }, 'name'],
    [{ archiveBytes: 0 }, 'archiveBytes'],
  ])('is not changed by %j', async (changes, field) => {
    const name = await service.given.platform();
    const answer = await api.patch(`/platforms/${name}`).send(changes);
    expect(expectProblem(answer, 'validation-failed').errors?.[0]?.field).toBe(field);
  });

  it('with tickets is deleted only when told so, and then with all that is in it', async () => {
    const { platform, number, token } = await service.given.ticket({
      platform: await service.given.platform(),
    });
    const archive = await service.given.archive({}, token);
    expectProblem(await api.delete(`/platforms/${platform}`), 'platform-not-empty');
    expectProblem(await api.delete(`/platforms/${platform}?cascade=false`), 'platform-not-empty');
    expectProblem(await api.delete(`/platforms/${platform}?cascade=yes`), 'validation-failed');
    await api.get(`/tickets/${number}`).expect(200);
    await api.delete(`/platforms/${platform}?cascade=true`).expect(204);
    expectProblem(await api.get(`/platforms/${platform}`), 'not-found');
    expectProblem(await api.get(`/tickets/${number}`), 'not-found');
    expectProblem(await api.get(`/archives/${archive.id}`), 'not-found');
  });
});
