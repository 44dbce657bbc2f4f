import { DataSource } from 'typeorm';
import { Session } from '../../src/auth/sessions/session.entity.js';
import { afterPassword, cookieOf, thiefWith } from '../support/browsers.js';
import { databaseDump } from '../support/dump.js';
import { expectProblem } from '../support/http.js';
import { databaseGone } from '../support/outage.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

/** Whether a cookie still opens anything. */
const isAlive = async (cookie: string, at = service): Promise<boolean> => {
  const answer = await thiefWith(at, cookie).get('/auth/session');
  if (answer.status !== 200) expectProblem(answer, 'session-expired');
  return answer.status === 200;
};

describe("a session's id", () => {
  it('changes with the password and with the second factor, and the old ones are dead', async () => {
    const { account } = await service.given.engineer();
    const api = await afterPassword(service, account);
    const first = cookieOf(api);
    expect(await isAlive(first)).toBe(true);
    await api.post('/auth/login').send({ username: account.username, password: account.password });
    const second = cookieOf(api);
    const code = account.recoveryCodes[0];
    await api.post('/auth/recovery').send({ code }).expect(200);
    const third = cookieOf(api);
    const next = 'another unusual pass phrase 5';
    const change = { current: account.password, next };
    await api.post('/auth/password').send(change).expect(200);
    const fourth = cookieOf(api);
    expect(new Set([first, second, third, fourth]).size).toBe(4);
    const alive = await Promise.all(
      [first, second, third, fourth].map((cookie) => isAlive(cookie)),
    );
    expect(alive).toEqual([false, false, false, true]);
  });

  it('is nothing that a visitor may choose', async () => {
    const { account } = await service.given.engineer();
    const fixed = cookieOf(await afterPassword(service, account));
    const victim = service.given.stranger().set('Cookie', fixed);
    const { username, password } = account;
    const answer = await victim.post('/auth/login').send({ username, password }).expect(200);
    expect(answer.headers['set-cookie']?.[0]).not.toContain(fixed);
    expect(await isAlive(fixed)).toBe(false);
  });

  it('is kept as a hash alone', async () => {
    const { api } = await service.given.engineer();
    const [id = '', signature = ''] = cookieOf(api).slice('lc_session='.length).split('.');
    const dump = await databaseDump(service);
    expect(dump).not.toContain(id);
    expect(dump).not.toContain(signature);
  });
});

describe('a cookie', () => {
  it('that was changed, cut, made up or doubled opens nothing', async () => {
    const { api } = await service.given.engineer();
    const cookie = cookieOf(api);
    const [id = '', signature = ''] = cookie.split('.');
    const other = id.endsWith('A') ? 'B' : 'A';
    for (const forged of [
      `${id.slice(0, -1)}${other}.${signature}`,
      id,
      `${id}.`,
      `${id}.${signature}A`,
      `${id}.${'A'.repeat(43)}`,
      'lc_session=',
      'lc_session=%00',
      `lc_session=${'x'.repeat(5000)}`,
      `${cookie}; ${cookie}`,
      `lc_session=planted; ${cookie}`,
    ])
      expect({ forged, alive: await isAlive(forged) }).toEqual({ forged, alive: false });
    expect(await isAlive(`theme=dark; ${cookie}; other=1`)).toBe(true);
  });

  it('that we did not sign is refused without asking the database', async () => {
    const own = await startedService();
    const { api } = await own.given.admin();
    const cookie = cookieOf(api);
    await databaseGone(own);
    expectProblem(await thiefWith(own, cookie).get('/tickets'), 'database-unavailable');
    expectProblem(await thiefWith(own, `${cookie}x`).get('/tickets'), 'session-expired');
  });

  it('of one installation opens nothing in another', async () => {
    const own = await startedService();
    const { api } = await own.given.admin();
    expect(await isAlive(cookieOf(api))).toBe(false);
  });
});

describe('signing out', () => {
  it('ends the session on the server and has the browser forget it', async () => {
    const { api } = await service.given.engineer();
    const cookie = cookieOf(api);
    const answer = await api.post('/auth/logout').expect(204);
    expect(answer.headers['clear-site-data']).toBe('"cookies"');
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^lc_session=; .*Expires=Thu, 01 Jan 1970/);
    expect(await isAlive(cookie)).toBe(false);
    expectProblem(await api.get('/tickets'), 'credentials-missing');
  });

  it('twice at once is no fault', async () => {
    const { api } = await service.given.engineer();
    const thief = thiefWith(service, cookieOf(api));
    const answers = await Promise.all([1, 2, 3].map(() => thief.post('/auth/logout')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
  });
});

describe('the limits of a session', () => {
  /** Makes a session of long ago of one of now; seconds. */
  const aged = async (
    cookie: string,
    ages: { readonly seen?: number; readonly begun?: number },
    at = service,
  ) => {
    const dataSource = at.app.get(DataSource);
    const own = (await thiefWith(at, cookie).get('/auth/sessions')).body as {
      items: { id: string; current: boolean }[];
    };
    const hash = own.items.find(({ current }) => current)?.id ?? '';
    const ago = (seconds: number): Date => new Date(Date.now() - 1000 * seconds);
    const { affected } = await dataSource.manager.update(
      Session,
      { hash },
      {
        ...(ages.seen === undefined ? {} : { seenAt: ago(ages.seen) }),
        ...(ages.begun === undefined ? {} : { beganAt: ago(ages.begun) }),
      },
    );
    expect(affected).toBe(1);
  };

  it('end it after an hour without a request, and each request begins the hour anew', async () => {
    const { api } = await service.given.engineer();
    const cookie = cookieOf(api);
    await aged(cookie, { seen: 3500 });
    expect(await isAlive(cookie)).toBe(true);
    await aged(cookie, { seen: 3500 });
    expect(await isAlive(cookie)).toBe(true);
    await aged(cookie, { seen: 3601 });
    expect(await isAlive(cookie)).toBe(false);
  });

  it('end it after twelve hours, whatever it does', async () => {
    const { api } = await service.given.engineer();
    const cookie = cookieOf(api);
    await aged(cookie, { begun: 12 * 3600 - 60 });
    expect(await isAlive(cookie)).toBe(true);
    await aged(cookie, { begun: 12 * 3600 + 1 });
    expect(await isAlive(cookie)).toBe(false);
  });

  it('are what SESSION_LIFETIME says, counted from the password, at every level', async () => {
    const short = await startedService({ SESSION_LIFETIME: '60' });
    const { api } = await short.given.admin();
    const cookie = cookieOf(api);
    await aged(cookie, { begun: 50 }, short);
    expect(await isAlive(cookie, short)).toBe(true);
    await aged(cookie, { begun: 61 }, short);
    expect(await isAlive(cookie, short)).toBe(false);
  });
});

describe('own sessions', () => {
  it('are listed with where they are, and can be ended from another', async () => {
    const { account, api } = await service.given.engineer();
    const lost = (await service.given.signedIn(account)).set('User-Agent', 'ignored');
    const listed = await api.get('/auth/sessions').set('User-Agent', 'ignored').expect(200);
    const { items } = listed.body as {
      items: { id: string; current: boolean; address: string; aal: number; beganAt: string }[];
    };
    expect(items).toHaveLength(2);
    expect(items.filter(({ current }) => current)).toHaveLength(1);
    for (const session of items) {
      expect(session).toMatchObject({ address: '127.0.0.1', aal: 2 });
      expect(new Date(session.beganAt).toISOString()).toBe(session.beganAt);
    }
    const other = items.find(({ current }) => !current);
    await api.delete(`/auth/sessions/${other?.id}`).expect(204);
    expectProblem(await lost.get('/tickets'), 'session-expired');
    await api.get('/tickets').expect(200);
  });

  it("are one's own alone", async () => {
    const [one, other] = [await service.given.engineer(), await service.given.engineer()];
    const { items } = (await other.api.get('/auth/sessions')).body as { items: { id: string }[] };
    const answer = await one.api.delete(`/auth/sessions/${items[0]?.id}`);
    expectProblem(answer, 'not-found');
    await other.api.get('/tickets').expect(200);
  });
});
