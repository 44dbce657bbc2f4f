import argon2 from '@node-rs/argon2';
import { DataSource } from 'typeorm';
import { AuthFailure } from '../../src/throttling/auth-failure.entity.js';
import { expectProblem } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

const right = 'a long and unusual pass phrase 1';

const newUser = async (username: string, password = right): Promise<{ readonly id: string }> => {
  const { api } = await service.given.admin();
  const made = await api.post('/users').send({ username, password, role: 'engineer' }).expect(201);
  return made.body as { id: string };
};

const login = async (username: string, password: string): Promise<Answer> =>
  service.given.stranger().post('/auth/login').send({ username, password });

/** As time does: the waits that are running are over. */
const waitsOver = async (): Promise<void> => {
  await service.app
    .get(DataSource)
    .createQueryBuilder()
    .update(AuthFailure)
    .set({ blockedUntil: new Date(0) })
    .execute();
};

describe('signing in', () => {
  it('by password alone leaves the second factor to do', async () => {
    const { id } = await newUser('ann');
    const answer = await login('ann', right);
    expect(answer).toMatchObject({
      status: 200,
      body: { user: { id, username: 'ann', role: 'engineer' }, aal: 1, secondFactor: 'enrol' },
    });
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^lc_session=[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
  });

  it('asks for a code once a factor is enrolled', async () => {
    const { account } = await service.given.engineer('bob');
    const answer = await login('bob', account.password);
    expect(answer.body).toMatchObject({ aal: 1, secondFactor: 'verify' });
  });

  it('does not care for the case of the name, in any script, and keeps it as it was given', async () => {
    await newUser('Мария.Ivanova');
    for (const name of ['мария.ivanova', 'МАРИЯ.IVANOVA'])
      expect((await login(name, right)).body).toMatchObject({
        user: { username: 'Мария.Ivanova' },
      });
  });

  it('takes a password from the body alone', async () => {
    await newUser('query');
    const answer = await service.given
      .stranger()
      .post(`/auth/login?username=query&password=${encodeURIComponent(right)}`)
      .send({});
    expectProblem(answer, 'validation-failed');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('over https only gives a cookie that goes over https only', async () => {
    const secure = await startedService({ PUBLIC_URL: 'https://logs.example.com' });
    const answer = await secure.given
      .stranger()
      .post('/auth/login')
      .send({ username: 'root', password: 'correct horse battery staple 9' })
      .expect(200);
    expect(answer.headers['set-cookie']).toEqual([expect.stringContaining('; Secure')]);
  });
});

describe('a refused sign-in', () => {
  it('says the same of an unknown name, a wrong password and a disabled account', async () => {
    await newUser('known');
    const { id } = await newUser('disabled');
    const { api } = await service.given.admin();
    await api.patch(`/users/${id}`).send({ disabled: true }).expect(200);
    const told = [
      await login('unknown', right),
      await login('known', `${right}!`),
      await login('disabled', right),
      await login('disabled', `${right}!`),
      await login('no name at all\u202e', right),
    ].map((answer) => {
      const { requestId: _id, ...problem } = expectProblem(answer, 'login-failed');
      const { date: _date, 'x-request-id': _requestId, ...headers } = answer.headers;
      return { problem, headers };
    });
    for (const one of told) expect(one).toEqual(told[0]);
    expect(told[0]?.headers).not.toHaveProperty('set-cookie');
  });

  // No clock is asked, which a busy machine would put out: the same hash takes the same time.
  it('compares as dear a hash for an unknown name as for a wrong password', async () => {
    await newUser('compared');
    const compared = jest.spyOn(argon2, 'verify');
    for (const username of ['compared', 'nobody'])
      expectProblem(await login(username, `${right}?`), 'login-failed');
    const hashes = compared.mock.calls.map(([hash]) => String(hash));
    compared.mockRestore();
    // PHC form: kind, version and costs come before the salt.
    const [known, ...others] = hashes.map((hash) => hash.split('$').slice(0, 4).join('$'));
    expect(known).toMatch(/^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+$/);
    expect(others).toEqual([known]);
  });
});

describe('failures in a row', () => {
  it.each(['guessed', 'guessed-but-unknown'])(
    'make %s wait, longer each time, even with the right password',
    async (username) => {
      if (username === 'guessed') await newUser(username);
      for (let failure = 1; failure <= 5; failure += 1)
        expectProblem(await login(username, `wrong ${failure}`), 'login-failed');
      const waits: number[] = [];
      for (const password of [right, 'wrong 6']) {
        const answer = await login(username, password);
        expectProblem(answer, 'rate-limited');
        waits.push(Number(answer.headers['retry-after']));
        await waitsOver();
        expectProblem(await login(username, 'wrong again'), 'login-failed');
      }
      expect(waits[0]).toBeGreaterThan(20);
      expect(waits[0]).toBeLessThanOrEqual(30);
      expect(waits[1]).toBeGreaterThan(50);
      expect(waits[1]).toBeLessThanOrEqual(60);
    },
  );

  it('are forgiven when the right password comes', async () => {
    await newUser('forgetful');
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 0; failure < 4; failure += 1) await login('forgetful', 'wrong');
      expect(await login('forgetful', right)).toMatchObject({ status: 200 });
    }
  });

  it('on one account do not stop another', async () => {
    await newUser('attacked');
    await newUser('bystander');
    for (let failure = 0; failure < 6; failure += 1) await login('attacked', 'wrong');
    expectProblem(await login('ATTACKED', right), 'rate-limited');
    expect(await login('bystander', right)).toMatchObject({ status: 200 });
  });

  it('count the same when they come all at once, to however many replicas', async () => {
    await newUser('rushed');
    const replicas = await replicasOf(service, 4);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_none, index) => {
        const { given } = replicas[index % replicas.length] ?? service;
        const body = { username: 'rushed', password: `wrong ${index}` };
        return given.stranger().post('/auth/login').send(body);
      }),
    );
    const heard = answers.filter(({ status }) => status === 401);
    const refused = answers.filter(({ status }) => status === 429);
    expect({ heard: heard.length, refused: refused.length }).toEqual({ heard: 5, refused: 15 });
  });
});

describe('a password', () => {
  const trying = async (password: string, username = 'somebody'): Promise<Answer> => {
    const { api } = await service.given.admin();
    return api.post('/users').send({ username, password, role: 'engineer' });
  };

  it.each([
    ['nine characters', 'kf8#Lq2!z'],
    ['257 characters', 'kf8#Lq2!z'.repeat(29).slice(0, 257)],
    ['a common one', 'qwertyuiop'],
    ['a common one in capitals', 'QwertyUIOP'],
    ['the user name within', 'x9-SomeBody-kf8#'],
    ["the product's name", 'LogsCollector2026!'],
    ['a NUL', 'kf8#Lq2!z\0kf8#Lq2!z'],
    ['half a character', 'kf8#Lq2!zkf8#Lq2!z\ud83d'],
  ])('is refused for %s, and is not repeated', async (_why, password) => {
    const answer = await trying(password);
    const { errors } = expectProblem(answer, 'validation-failed');
    expect(errors?.map(({ field }) => field)).toContain('password');
    expect(answer.text).not.toContain(JSON.stringify(password).slice(1, -1));
  });

  it.each([
    ['ten characters', 'kf8#Lq2!zW'],
    ['256 characters', 'kf8#Lq2!z'.repeat(29).slice(0, 256)],
    ['Cyrillic', 'четыре лошади'],
    ['Chinese', '正确的马电池钉书钉一二三'],
    ['ten emoji, two units each', '🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵'],
    ['256 emoji', '🦊🐻🐼🐨'.repeat(64)],
    ['spaces at both ends', '  spaces are kept  '],
  ])('may be %s, and works', async (what, password) => {
    const username = `user-${[...what].length}-${[...password].length}`;
    expect(await trying(password, username)).toMatchObject({ status: 201 });
    expect(await login(username, password)).toMatchObject({ status: 200 });
    expectProblem(
      await login(username, [...password.trim()].slice(0, -1).join('')),
      'login-failed',
    );
  });

  it('is compared whole, however long it is', async () => {
    const long = 'a'.repeat(199);
    await newUser('patient', `${long}b`);
    for (const password of [`${long}c`, long, `${long}bb`, `${'a'.repeat(72)}b`])
      expectProblem(await login('patient', password), 'login-failed');
    expect(await login('patient', `${long}b`)).toMatchObject({ status: 200 });
  });

  it('is compared as it was typed, without another form of the same signs', async () => {
    await newUser('accent', 'caf\u00e9 caf\u00e9 caf\u00e9');
    expectProblem(await login('accent', 'cafe\u0301 cafe\u0301 cafe\u0301'), 'login-failed');
  });
});

describe('changing the password', () => {
  const next = 'another unusual pass phrase 2';

  it('asks for the current one, ends all other sessions and renews this one', async () => {
    const { account, api } = await service.given.engineer('changer');
    const elsewhere = await service.given.signedIn(account);
    const change = (current: string) => api.post('/auth/password').send({ current, next });
    const refused = expectProblem(await change('wrong'), 'validation-failed');
    expect(refused.errors).toEqual([{ field: 'current', message: expect.any(String) }]);
    await elsewhere.get('/auth/session').expect(200);

    const changed = await change(account.password).expect(200);
    expect(changed.body).toMatchObject({ aal: 2, secondFactor: 'done' });
    expect(changed.headers['set-cookie']).toHaveLength(1);
    await api.get('/tickets').expect(200);
    expectProblem(await elsewhere.get('/tickets'), 'session-expired');
    expectProblem(await login('changer', account.password), 'login-failed');
    expect(await login('changer', next)).toMatchObject({ status: 200 });
  });

  it('refuses a bad one, with the same rules', async () => {
    const { account, api } = await service.given.engineer('chooser');
    for (const bad of ['short', 'qwertyuiop', 'my name is chooser']) {
      const body = { current: account.password, next: bad };
      const { errors } = expectProblem(
        await api.post('/auth/password').send(body),
        'validation-failed',
      );
      expect(errors?.[0]?.field).toBe('next');
    }
    expect(await login('chooser', account.password)).toMatchObject({ status: 200 });
  });

  it('by two at once is done once', async () => {
    const { account, api } = await service.given.engineer('double');
    const other = await service.given.signedIn(account);
    const answers = await Promise.all(
      [api, other].map((client, index) =>
        client.post('/auth/password').send({ current: account.password, next: `${next} ${index}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});
