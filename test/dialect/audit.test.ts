import { DataSource } from 'typeorm';
import { isSqlite } from '../support/database.js';
import { afterPassword } from '../support/browsers.js';
import { codeAt, unusedAgain } from '../support/codes.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

interface Event {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: { readonly kind: string; readonly id: string | null; readonly name: string };
  readonly subject: { readonly kind: string; readonly id: string | null };
  readonly address: string | null;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

const events = async (query = '', of = service): Promise<readonly Event[]> => {
  const { api } = await of.given.admin();
  const page = await api.get(`/audit-events?limit=200&${query}`).expect(200);
  return (page.body as { items: Event[] }).items;
};

/** What a request left in the audit, by the request id that it was given. */
const eventsOf = async (requestId: string): Promise<readonly Event[]> =>
  (await events()).filter((event) => event.requestId === requestId);

let count = 0;
const nextId = (): string => `story-${(count += 1)}`;

describe('each change of state', () => {
  const password = 'a long and unusual pass phrase 6';

  it('leaves one event: who, what, on what, from where, in which request', async () => {
    const { api, id: adminId } = await service.given.admin();
    const person = { kind: 'person', id: adminId, name: 'root' };
    const made: Record<string, string> = {};
    type Step = readonly [
      action: string,
      method: 'post' | 'patch' | 'delete',
      path: () => string,
      body: object | undefined,
      subject: () => { readonly kind: string; readonly id: unknown },
    ];
    const user = () => ({ kind: 'user', id: made['user'] });
    const key = () => ({ kind: 'api-key', id: made['api-key'] });
    const platform = () => ({ kind: 'platform', id: 'audited' });
    const ticket = () => ({ kind: 'ticket', id: 'AUD-1' });
    const token = () => ({ kind: 'token', id: made['token'] });
    const steps: readonly Step[] = [
      ['platform.created', 'post', () => '/platforms', { name: 'audited', title: 'A' }, platform],
      ['platform.changed', 'patch', () => '/platforms/audited', { title: 'B' }, platform],
      [
        'user.created',
        'post',
        () => '/users',
        { username: 'audited', password, role: 'engineer' },
        user,
      ],
      ['user.changed', 'patch', () => `/users/${made['user']}`, { role: 'admin' }, user],
      [
        'user.second-factor-reset',
        'post',
        () => `/users/${made['user']}/reset-second-factor`,
        undefined,
        user,
      ],
      ['user.deleted', 'delete', () => `/users/${made['user']}`, undefined, user],
      ['api-key.created', 'post', () => '/api-keys', { name: 'k', scopes: ['storage:read'] }, key],
      ['api-key.deleted', 'delete', () => `/api-keys/${made['api-key']}`, undefined, key],
      // Opening a ticket issues its first token as well.
      [
        'ticket.created,token.issued',
        'post',
        () => '/tickets',
        { platform: 'audited', number: 'AUD-1' },
        ticket,
      ],
      ['ticket.changed', 'patch', () => '/tickets/AUD-1', { resolved: true }, ticket],
      ['token.issued', 'post', () => '/tickets/AUD-1/tokens', {}, token],
      [
        'token.extended',
        'patch',
        () => `/tickets/AUD-1/tokens/${made['token']}`,
        { attempts: 9 },
        token,
      ],
      ['token.revoked', 'delete', () => `/tickets/AUD-1/tokens/${made['token']}`, undefined, token],
      ['ticket.deleted', 'delete', () => '/tickets/AUD-1', undefined, ticket],
      ['platform.deleted', 'delete', () => '/platforms/audited', undefined, platform],
    ];
    for (const [action, method, path, body, subject] of steps) {
      const requestId = nextId();
      const request = api[method](path()).set('X-Request-Id', requestId);
      const answer = await (body === undefined ? request : request.send(body));
      expect({ action, fine: answer.status < 300 }).toEqual({ action, fine: true });
      const { id } = answer.body as { id?: string };
      const kind = subject().kind;
      if (id !== undefined) made[kind] ??= id;
      const left = await eventsOf(requestId);
      const actions = left.map((event) => event.action);
      expect(actions.sort().join()).toBe(action);
      const main = left.find((event) => event.subject.kind === kind);
      expect(main).toMatchObject({ actor: person, subject: subject(), address: '127.0.0.1' });
      expect(Math.abs(Date.parse(main?.at ?? '') - Date.now())).toBeLessThan(60_000);
    }
  });

  it('is told of a person who signs in and out, and of whoever fails to', async () => {
    const { account, id } = await service.given.engineer('visitor');
    await service.given
      .stranger()
      .post('/auth/login')
      .send({ username: 'visitor', password: 'no' });
    const api = await afterPassword(service, account);
    await unusedAgain(service, account);
    await api.post('/auth/totp/verify').send({ code: '000000' }).expect(422);
    const code = codeAt(account.secret, 0);
    await api.post('/auth/totp/verify').send({ code }).expect(200);
    const next = { current: account.password, next: password };
    await api.post('/auth/password').send(next).expect(200);
    await api.post('/auth/logout').expect(204);
    const told = (await events(`subject=${id}`)).map(({ action, actor }) => [action, actor.kind]);
    expect(told.reverse()).toEqual([
      ['user.created', 'person'],
      ['session.began', 'person'],
      ['second-factor.enrolled', 'person'],
      ['session.raised', 'person'],
      ['session.refused', 'stranger'],
      ['session.began', 'person'],
      ['second-factor.refused', 'person'],
      ['session.raised', 'person'],
      ['user.password-set', 'person'],
      ['session.ended', 'person'],
    ]);
  });

  it('names a key by its name and a customer by the token', async () => {
    const key = await service.given.apiKey(['tickets:write'], { name: 'desk' });
    const platform = await service.given.platform();
    const body = { platform, number: 'AUD-KEY' };
    await key.api.post('/tickets').send(body).expect(201);
    expect(await events('subject=AUD-KEY')).toEqual([
      expect.objectContaining({ actor: { kind: 'integration', id: key.id, name: 'desk' } }),
    ]);
    const token = await service.given.uploadToken();
    const { id } = await service.given.archive({}, token);
    expect(await events(`subject=${id}`)).toEqual([
      expect.objectContaining({
        action: 'archive.stored',
        actor: { kind: 'customer', id: token.id, name: 'customer' },
        subject: { kind: 'archive', id },
      }),
    ]);
  });

  it('that only reads leaves nothing, but a download does', async () => {
    const { api } = await service.given.admin();
    const { id, ticket } = await service.given.archive();
    const before = (await events()).length;
    for (const path of ['/tickets', `/tickets/${ticket}`, '/users', `/archives/${id}`, '/storage'])
      await api.get(path).expect(200);
    await api.head(`/archives/${id}/content`).expect(200);
    expect(await events()).toHaveLength(before);
    await api.get(`/archives/${id}/content`).expect(200);
    expect((await events())[0]).toMatchObject({
      action: 'archive.downloaded',
      subject: { kind: 'archive', id },
    });
  });

  it('that was refused leaves nothing', async () => {
    const { api } = await service.given.admin();
    const { number, platform } = await service.given.ticket();
    const before = (await events()).length;
    expectProblem(await api.post('/tickets').send({ number, platform }), 'ticket-exists');
    expectProblem(
      await api.post('/platforms').send({ name: platform, title: 'x' }),
      'platform-exists',
    );
    expectProblem(await api.delete(`/platforms/${platform}`), 'platform-not-empty');
    const { id } = await service.given.admin();
    expectProblem(await api.patch(`/users/${id}`).send({ role: 'engineer' }), 'last-admin');
    expect(await events()).toHaveLength(before);
  });
});

describe('a change and its event', () => {
  it('are recorded together or not at all', async () => {
    const own = await startedService();
    const { api } = await own.given.admin();
    const { number, platform } = await own.given.ticket();
    const key = await own.given.apiKey(['tickets:read']);
    // The audit refuses to be written, as a full disk would.
    const dataSource = own.app.get(DataSource);
    for (const statement of isSqlite
      ? [
          `CREATE TRIGGER refuse BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'refused'); END`,
        ]
      : [
          `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
          `CREATE TRIGGER refuse BEFORE INSERT ON audit_events EXECUTE FUNCTION refuse()`,
        ])
      await dataSource.query(statement);
    const user = { username: 'never', password: 'a long and unusual phrase 7', role: 'engineer' };
    for (const attempt of [
      api.post('/platforms').send({ name: 'never', title: 'Never' }),
      api.patch(`/platforms/${platform}`).send({ title: 'Never' }),
      api.post('/tickets').send({ platform, number: 'NEVER-1' }),
      api.patch(`/tickets/${number}`).send({ note: 'never' }),
      api.post(`/tickets/${number}/tokens`).send({}),
      api.delete(`/tickets/${number}`),
      api.post('/users').send(user),
      api.post('/api-keys').send({ name: 'never', scopes: ['tickets:read'] }),
      api.delete(`/api-keys/${key.id}`),
    ])
      expectProblem(await attempt, 'internal-error');
    await dataSource.query(
      isSqlite ? 'DROP TRIGGER refuse' : 'DROP TRIGGER refuse ON audit_events',
    );
    for (const path of [
      '/platforms',
      '/tickets',
      '/users',
      '/api-keys',
      `/tickets/${number}/tokens`,
    ]) {
      const { text } = await api.get(path).expect(200);
      expect(text).not.toMatch(/never/i);
    }
    await key.api.get(`/tickets/${number}`).expect(200);
    const tokens = await api.get(`/tickets/${number}/tokens`);
    expect((tokens.body as { items: unknown[] }).items).toHaveLength(1);
  });
});

describe('reading the audit', () => {
  it('can be narrowed to an action, a subject and whoever did it', async () => {
    const { number } = await service.given.ticket();
    const { api } = await service.given.engineer('narrow');
    await api.patch(`/tickets/${number}`).send({ note: 'one' }).expect(200);
    await api.patch(`/tickets/${number}`).send({ note: 'two' }).expect(200);
    const actions = async (query: string) => (await events(query)).map(({ action }) => action);
    expect(await actions(`subject=${number}`)).toEqual([
      ...['ticket.changed', 'ticket.changed', 'ticket.created'],
    ]);
    expect(await actions(`subject=${number}&action=ticket.created`)).toEqual(['ticket.created']);
    const own = await events('actor=narrow&action=ticket.changed');
    expect(own).toHaveLength(2);
    expect(await events(`actor=${own[0]?.actor.id}&action=ticket.changed`)).toEqual(own);
    expect(await events('actor=nobody')).toEqual([]);
    const admin = (await service.given.admin()).api;
    expectProblem(await admin.get('/audit-events?action=made.up'), 'validation-failed');
  });
});
