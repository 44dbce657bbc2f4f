import { afterPassword } from '../support/browsers.js';
import { freshPlace, isSqlite } from '../support/database.js';
import { databaseDump, filesDump } from '../support/dump.js';
import { admin } from '../support/given.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

const password = 'a long and unusual pass phrase 5';
/** As where neither variable is given. */
const nobody = { ADMIN_USERNAME: '', ADMIN_PASSWORD: '' };

const linkOf = ({ log }: TestService): URL =>
  new URL(String(log.events('setup.link')[0]?.['link']));
const setUp = (service: TestService, token: string, username = 'first') =>
  service.given.stranger().post('/auth/setup').send({ token, username, password });

describe('the first admin', () => {
  it('comes from the environment where it names one, and signs in', async () => {
    const service = await startedService();
    expect(service.log.events('setup.link')).toEqual([]);
    expect(service.log.text).not.toContain(admin.password);
    const api = await afterPassword(service, admin);
    expect((await api.get('/auth/session')).body).toMatchObject({
      user: { username: admin.username, role: 'admin' },
    });
    expectProblem(await setUp(service, `lcs_${'x'.repeat(32)}`), 'setup-token-unknown');
  });

  it('of the environment is made once: a later start changes no account', async () => {
    const first = await startedService();
    await first.stop();
    const again = await startedService({ ADMIN_PASSWORD: password }, first.place);
    await afterPassword(again, admin);
    const login = { username: admin.username, password };
    expectProblem(await again.given.stranger().post('/auth/login').send(login), 'login-failed');
  });

  it.each([
    ['common', 'qwertyuiop'],
    ['with the name within', 'root-root-root'],
  ])('is not made of a password that is %s: the start stops', async (_why, bad) => {
    await expect(startedService({ ADMIN_PASSWORD: bad })).rejects.toThrow(
      /ADMIN_USERNAME and ADMIN_PASSWORD/,
    );
  });

  it('is nobody by default: no common name and password gets in', async () => {
    const service = await startedService(nobody);
    for (const username of ['admin', 'root', 'administrator', 'logs-collector'])
      for (const guess of ['admin', 'password', 'root', 'changeme', username]) {
        const login = { username, password: guess };
        const answer = await service.given.stranger().post('/auth/login').send(login);
        expect([401, 429]).toContain(answer.status);
      }
  });
});

describe('the set-up link', () => {
  it('stands in the log once, carries its secret in the fragment, and makes one admin', async () => {
    const service = await startedService(nobody);
    const link = linkOf(service);
    const secret = link.hash.slice(1);
    expect(link.href).toMatch(/^http:\/\/localhost:\d+\/setup#lcs_[\w-]{32}$/);
    expect(service.log.text.split(secret)).toHaveLength(2);
    expect(await databaseDump(service)).not.toContain(secret);
    expect(filesDump(service)).not.toContain(secret);

    const api = service.given.stranger();
    const made = await api
      .post('/auth/setup')
      .send({ token: secret, username: 'first', password })
      .expect(201);
    expect(made.body).toMatchObject({
      user: { username: 'first', role: 'admin' },
      aal: 1,
      secondFactor: 'enrol',
    });
    expectProblem(await api.get('/users'), 'second-factor-enrolment-required');
    expectProblem(await setUp(service, secret, 'second'), 'setup-token-unknown');
    const owner = await service.given.enrolled('first', password);
    await owner.api.get('/users').expect(200);
    expect(service.log.text.split(secret)).toHaveLength(2);
  });

  it('is below PUBLIC_URL where that is given', async () => {
    const service = await startedService({ ...nobody, PUBLIC_URL: 'https://logs.example.com/x/' });
    expect(linkOf(service).href).toMatch(/^https:\/\/logs\.example\.com\/x\/setup#lcs_/);
  });

  it('makes one admin, however many use it at once', async () => {
    const service = await startedService(nobody);
    const secret = linkOf(service).hash.slice(1);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_none, index) => setUp(service, secret, `racer-${index}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401, 401]);
    const winner = answers.findIndex(({ status }) => status === 201);
    const { api } = await service.given.enrolled(`racer-${winner}`, password);
    const { items } = (await api.get('/users').expect(200)).body as { items: unknown[] };
    expect(items).toHaveLength(1);
  });

  it('survives a name or password that is refused', async () => {
    const service = await startedService(nobody);
    const secret = linkOf(service).hash.slice(1);
    const bad = { token: secret, username: 'first', password: 'qwertyuiop' };
    expectProblem(
      await service.given.stranger().post('/auth/setup').send(bad),
      'validation-failed',
    );
    await setUp(service, secret).expect(201);
  });

  it('is shown again by the next start, until somebody used it', async () => {
    const first = await startedService(nobody);
    const { hash } = linkOf(first);
    await first.stop();
    const again = await startedService(nobody, first.place);
    expect(linkOf(again).hash).toBe(hash);
    await setUp(again, hash.slice(1)).expect(201);
    await again.stop();
    const last = await startedService(nobody, first.place);
    expect(last.log.events('setup.link')).toEqual([]);
    expectProblem(await setUp(last, hash.slice(1)), 'setup-token-unknown');
  });

  it('is the same at all replicas that start at once, and makes one admin at one of them', async () => {
    const place = await freshPlace();
    const env = { ...nobody, SECRET_KEY: 'the same key for all of the replicas 1' };
    const starting = Array.from({ length: isSqlite ? 1 : 3 }, () => startedService(env, place));
    const replicas = await Promise.all(starting);
    // Within one process it is chance whose log a line lands in.
    const links = replicas.flatMap(({ log }) => log.events('setup.link'));
    expect(links).toHaveLength(replicas.length);
    const secrets = links.map(({ link }) => new URL(String(link)).hash.slice(1));
    expect(new Set(secrets).size).toBe(1);
    const answers = await Promise.all(
      [...replicas, ...replicas].map((replica, at) =>
        setUp(replica, String(secrets[0]), `racer-${at}`),
      ),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    const last = replicas.at(-1);
    if (last) expectProblem(await setUp(last, String(secrets[0])), 'setup-token-unknown');
  });

  it('cannot be made of the database alone: another key makes another link', async () => {
    const first = await startedService(nobody);
    await first.stop();
    const env = { ...nobody, SECRET_KEY: 'another key than that in the folder' };
    const again = await startedService(env, first.place);
    expect(linkOf(again).hash).not.toBe(linkOf(first).hash);
    expectProblem(await setUp(again, linkOf(first).hash.slice(1)), 'setup-token-unknown');
  });

  it('is void once there is a user, however it was made', async () => {
    const first = await startedService(nobody);
    const old = linkOf(first).hash.slice(1);
    await first.stop();
    const again = await startedService({}, first.place);
    expectProblem(await setUp(again, old), 'setup-token-unknown');
    expect(again.log.events('setup.link')).toEqual([]);
  });
});
