import { afterPassword, cookieOf, thiefWith } from '../support/browsers.js';
import { databaseDump } from '../support/dump.js';
import { expectProblem } from '../support/http.js';
import type { Person } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
let admin: Person;

beforeAll(async () => {
  service = await startedService();
  admin = await service.given.admin();
});

const password = 'a long and unusual pass phrase 4';

interface UserView {
  readonly id: string;
  readonly username: string;
}

describe('an account', () => {
  it('is made by an admin, and shows no password afterwards', async () => {
    const user = { username: 'ann', password, role: 'engineer' };
    const made = await admin.api.post('/users').send(user).expect(201);
    const view = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      username: 'ann',
      role: 'engineer',
      disabled: false,
      secondFactor: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    };
    expect(made.body).toEqual(view);
    const { items } = (await admin.api.get('/users')).body as { items: UserView[] };
    expect(items.find(({ username }) => username === 'ann')).toEqual(made.body);
    expect(await databaseDump(service)).not.toContain(password);
  });

  it('has a name of its own, whatever the case', async () => {
    await admin.api.post('/users').send({ username: 'Bob', password, role: 'admin' }).expect(201);
    for (const username of ['Bob', 'bob', 'BOB']) {
      const answer = await admin.api.post('/users').send({ username, password, role: 'admin' });
      expectProblem(answer, 'user-exists');
    }
  });

  it('is made once by many who make it at once', async () => {
    const make = () =>
      admin.api.post('/users').send({ username: 'raced', password, role: 'engineer' });
    const answers = await Promise.all([make(), make(), make(), make()]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 409, 409, 409]);
  });

  it.each(['', ' ann', '-ann', 'a b', 'ann\n', 'x'.repeat(65), 'a\u202eb', '<b>', 'ann\0'])(
    'cannot be named %j',
    async (username) => {
      const answer = await admin.api.post('/users').send({ username, password, role: 'engineer' });
      expect(expectProblem(answer, 'validation-failed').errors?.[0]?.field).toBe('username');
    },
  );

  it('that there is none of is 404', async () => {
    const nobody = '/users/019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10';
    expectProblem(await admin.api.patch(nobody).send({ disabled: true }), 'not-found');
    expectProblem(await admin.api.delete(nobody), 'not-found');
    expectProblem(await admin.api.post(`${nobody}/reset-second-factor`), 'not-found');
  });
});

describe('on the next request', () => {
  it('a disabled user is signed out and stays out, and comes back when enabled', async () => {
    const { account, api, id } = await service.given.engineer();
    const half = await afterPassword(service, account);
    const change = (disabled: boolean) => admin.api.patch(`/users/${id}`).send({ disabled });
    expect((await change(true).expect(200)).body).toMatchObject({ id, disabled: true });
    expectProblem(await api.get('/tickets'), 'session-expired');
    expectProblem(await half.get('/auth/session'), 'session-expired');
    const { username } = account;
    const login = () =>
      service.given.stranger().post('/auth/login').send({ username, password: account.password });
    expectProblem(await login(), 'login-failed');
    await change(false).expect(200);
    expectProblem(await api.get('/tickets'), 'session-expired');
    await login().expect(200);
  });

  it('a demoted admin is an engineer, and a promoted engineer an admin', async () => {
    const { api, id } = await service.given.user('admin', 'demoted');
    await api.get('/users').expect(200);
    await admin.api.patch(`/users/${id}`).send({ role: 'engineer' }).expect(200);
    expectProblem(await api.get('/users'), 'role-insufficient');
    await api.get('/tickets').expect(200);
    await admin.api.patch(`/users/${id}`).send({ role: 'admin' }).expect(200);
    await api.get('/users').expect(200);
  });

  it('a deleted user is gone; the tickets stay and keep the name', async () => {
    const { account, api, id } = await service.given.engineer('leaver');
    const platform = await service.given.platform();
    await api.post('/tickets').send({ platform, number: 'LEFT-1' }).expect(201);
    const token = await service.given.uploadToken({ ticket: 'LEFT-1' });
    const archive = await service.given.archive({}, token);
    const link = await api.post(`/archives/${archive.id}/download-link`).expect(201);

    await admin.api.delete(`/users/${id}`).expect(204);
    expectProblem(await api.get('/tickets'), 'session-expired');
    const { username } = account;
    const login = { username, password: account.password };
    expectProblem(await service.given.stranger().post('/auth/login').send(login), 'login-failed');
    expectProblem(await admin.api.delete(`/users/${id}`), 'not-found');

    const ticket = await admin.api.get('/tickets/LEFT-1').expect(200);
    expect(ticket.body).toMatchObject({ createdBy: 'leaver', archives: { count: 1 } });
    await admin.api.get(`/archives/${archive.id}/content`).expect(200);
    const { pathname } = new URL((link.body as { url: string }).url);
    expectProblem(await service.given.stranger().get(pathname.replace('/api/v1', '')), 'not-found');
    // The name is free again, for somebody else.
    const made = await admin.api
      .post('/users')
      .send({ username: 'leaver', password, role: 'engineer' })
      .expect(201);
    expect((made.body as UserView).id).not.toBe(id);
  });

  it('a user whose second factor was reset signs in by password and enrols anew', async () => {
    const { account, api, id } = await service.given.engineer();
    const cookie = cookieOf(api);
    await admin.api.post(`/users/${id}/reset-second-factor`).expect(204);
    expectProblem(await thiefWith(service, cookie).get('/tickets'), 'session-expired');
    const again = await afterPassword(service, account);
    expect((await again.get('/auth/session')).body).toMatchObject({ secondFactor: 'enrol' });
    expectProblem(await again.get('/tickets'), 'second-factor-enrolment-required');
    const old = { code: account.recoveryCodes[0] };
    const recovery = await again.post('/auth/recovery').send(old);
    expectProblem(recovery, 'second-factor-enrolment-required');
    const anew = await service.given.enrolled(account.username, account.password);
    await anew.api.get('/tickets').expect(200);
  });
});

describe('the last admin', () => {
  it('cannot be deleted, disabled or demoted, and can after another was made', async () => {
    const own = await startedService();
    const { api, id } = await own.given.admin();
    for (const attempt of [
      api.delete(`/users/${id}`),
      api.patch(`/users/${id}`).send({ disabled: true }),
      api.patch(`/users/${id}`).send({ role: 'engineer' }),
      api.patch(`/users/${id}`).send({ role: 'engineer', disabled: true }),
    ])
      expectProblem(await attempt, 'last-admin');
    const other = await own.given.user('admin', 'second');
    await other.api.patch(`/users/${other.id}`).send({ disabled: false }).expect(200);
    await api.patch(`/users/${id}`).send({ role: 'engineer' }).expect(200);
    expectProblem(await other.api.delete(`/users/${other.id}`), 'last-admin');
  });

  it('is not counted where it is disabled', async () => {
    const own = await startedService();
    const { api, id } = await own.given.admin();
    const other = await own.given.user('admin', 'disabled');
    await api.patch(`/users/${other.id}`).send({ disabled: true }).expect(200);
    expectProblem(await api.delete(`/users/${id}`), 'last-admin');
  });

  it('is left when two admins take the role from each other at the same moment', async () => {
    const own = await startedService();
    let one = await own.given.admin();
    let other = await own.given.user('admin', 'rival');
    for (const change of [{ role: 'engineer' }, { disabled: true }, { role: 'engineer' }, null]) {
      const against = ({ api }: Person, { id }: Person) =>
        change === null ? api.delete(`/users/${id}`) : api.patch(`/users/${id}`).send(change);
      const [first, second] = await Promise.all([against(one, other), against(other, one)]);
      expect([first, second].filter(({ status }) => status < 300)).toHaveLength(1);
      const [winner, loser] = first.status < 300 ? [one, other] : [other, one];
      const { items } = (await winner.api.get('/users').expect(200)).body as {
        items: { id: string; role: string; disabled: boolean }[];
      };
      const admins = items.filter(({ role, disabled }) => role === 'admin' && !disabled);
      expect(admins.map(({ id }) => id)).toEqual([winner.id]);
      if (change === null) return;
      const again = { role: 'admin', disabled: false };
      await winner.api.patch(`/users/${loser.id}`).send(again).expect(200);
      // Who was disabled was signed out.
      one = winner;
      other = { ...loser, api: await own.given.signedIn(loser.account) };
    }
  });
});
