import { afterPassword, cookieOf, thiefWith } from '../support/browsers.js';
import { codeAt, earlyInStep, unusedAgain } from '../support/codes.js';
import { databaseDump, filesDump } from '../support/dump.js';
import { expectProblem } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

const password = 'a long and unusual pass phrase 3';

/** A new account without a second factor, signed in by password. */
const newcomer = async (username: string) => {
  const { api } = await service.given.admin();
  await api.post('/users').send({ username, password, role: 'engineer' }).expect(201);
  return afterPassword(service, { username, password });
};

interface Enrolment {
  readonly secret: string;
  readonly otpauthUrl: string;
  readonly qrSvg: string;
}

describe('enrolling', () => {
  it('gives a secret for the authenticator, and ends with the first code', async () => {
    const api = await newcomer('ann');
    const begun = (await api.post('/auth/totp').expect(200)).body as Enrolment;
    expect(begun.secret).toMatch(/^[A-Z2-7]{32,}$/);
    const url = new URL(begun.otpauthUrl);
    expect(url.protocol + url.host).toBe('otpauth:totp');
    expect(url.searchParams.get('secret')).toBe(begun.secret);
    expect(decodeURIComponent(url.pathname)).toMatch(/ann$/);
    expect(begun.qrSvg).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(begun.qrSvg).not.toContain('<script');

    const code = codeAt(begun.secret, 0);
    const ended = await api.post('/auth/totp/confirm').send({ code }).expect(200);
    const { recoveryCodes } = ended.body as { recoveryCodes: string[] };
    expect(new Set(recoveryCodes).size).toBe(10);
    const session = await api.get('/auth/session').expect(200);
    expect(session.body).toMatchObject({ aal: 2, secondFactor: 'done' });
  });

  it('is needed before anything else may be done', async () => {
    const api = await newcomer('eager');
    expectProblem(await api.get('/tickets'), 'second-factor-enrolment-required');
    const verify = await api.post('/auth/totp/verify').send({ code: '123456' });
    expectProblem(verify, 'second-factor-enrolment-required');
    const recover = await api.post('/auth/recovery').send({ code: 'abcde-fghjk' });
    expectProblem(recover, 'second-factor-enrolment-required');
  });

  it('is not over before a right code came', async () => {
    const api = await newcomer('typist');
    expectProblem(await api.post('/auth/totp/confirm').send({ code: '123456' }), 'code-invalid');
    const { secret } = (await api.post('/auth/totp').expect(200)).body as Enrolment;
    for (const code of [codeAt(secret, -40), 'abcdef', '1234567'])
      expectProblem(await api.post('/auth/totp/confirm').send({ code }), 'code-invalid');
    expect((await api.get('/auth/session')).body).toMatchObject({ secondFactor: 'enrol' });
  });

  it('anew before the first code makes the earlier secret void', async () => {
    const api = await newcomer('restless');
    const first = (await api.post('/auth/totp').expect(200)).body as Enrolment;
    const second = (await api.post('/auth/totp').expect(200)).body as Enrolment;
    const old = { code: codeAt(first.secret, 0) };
    expectProblem(await api.post('/auth/totp/confirm').send(old), 'code-invalid');
    await api
      .post('/auth/totp/confirm')
      .send({ code: codeAt(second.secret, 0) })
      .expect(200);
  });

  it('by many at once with one code is done once', async () => {
    const api = await newcomer('hasty');
    const { secret } = (await api.post('/auth/totp').expect(200)).body as Enrolment;
    const code = codeAt(secret, 0);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => api.post('/auth/totp/confirm').send({ code })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('shows the secret once: nowhere afterwards, and not in the database or its files', async () => {
    const { api, account } = await service.given.engineer();
    const admin = (await service.given.admin()).api;
    for (const answer of [
      await api.get('/auth/session'),
      await api.get('/auth/sessions'),
      await admin.get('/users'),
      await admin.get('/audit-events?limit=200'),
    ])
      expect(answer.text).not.toContain(account.secret);
    expect(await databaseDump(service)).not.toContain(account.secret);
    expect(filesDump(service)).not.toContain(account.secret);
  });
});

describe('a code', () => {
  it('works as people type it', async () => {
    const { account } = await service.given.engineer();
    await unusedAgain(service, account);
    const api = await afterPassword(service, account);
    const typed = (await account.code()).replace(/^(...)/, ' $1 ');
    const answer = await api.post('/auth/totp/verify').send({ code: typed }).expect(200);
    expect(answer.body).toMatchObject({ aal: 2, secondFactor: 'done' });
    await api.get('/tickets').expect(200);
  });

  it('that was used works no more, also the one that enrolled', async () => {
    const { account } = await service.given.engineer();
    await earlyInStep();
    await unusedAgain(service, account);
    const code = await account.code();
    const once = await afterPassword(service, account);
    await once.post('/auth/totp/verify').send({ code }).expect(200);
    const twice = await afterPassword(service, account);
    expectProblem(await twice.post('/auth/totp/verify').send({ code }), 'code-invalid');

    const fresh = await newcomer('enrolled-a-moment-ago');
    const { secret } = (await fresh.post('/auth/totp').expect(200)).body as Enrolment;
    const first = { code: codeAt(secret, 0) };
    await fresh.post('/auth/totp/confirm').send(first).expect(200);
    const again = await afterPassword(service, { username: 'enrolled-a-moment-ago', password });
    expectProblem(await again.post('/auth/totp/verify').send(first), 'code-invalid');
    // Nor does the one before it: what counts after a code is later than it.
    const earlier = { code: codeAt(secret, -1) };
    expectProblem(await again.post('/auth/totp/verify').send(earlier), 'code-invalid');
  });

  it.each([
    [-2, 422],
    [-1, 200],
    [0, 200],
    [1, 422],
    [2, 422],
  ])('of %i steps from now is answered %i', async (offset, status) => {
    const { account } = await service.given.engineer();
    await unusedAgain(service, account);
    const api = await afterPassword(service, account);
    await earlyInStep();
    const code = codeAt(account.secret, offset);
    expect(await api.post('/auth/totp/verify').send({ code })).toMatchObject({ status });
  });

  it('raises one session, however many present it at once, to however many replicas', async () => {
    const { account } = await service.given.engineer();
    await unusedAgain(service, account);
    const replicas = await replicasOf(service, 4);
    const browsers = await Promise.all(
      Array.from({ length: 20 }, () => afterPassword(service, account)),
    );
    const cookies = browsers.map(cookieOf);
    await earlyInStep();
    const code = codeAt(account.secret, 0);
    const answers = await Promise.all(
      cookies.map((cookie, index) =>
        thiefWith(replicas[index % replicas.length] ?? service, cookie)
          .post('/auth/totp/verify')
          .send({ code }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    // The id of the one that was raised is new; the others are where they were.
    const levels = await Promise.all(browsers.map((api) => api.get('/auth/session')));
    const halfway = levels.filter(({ body }) => (body as { aal?: number }).aal === 1);
    expect(halfway).toHaveLength(19);
  });

  it('of another account is none', async () => {
    const [one, other] = [await service.given.engineer(), await service.given.engineer()];
    const api = await afterPassword(service, one.account);
    const code = codeAt(other.account.secret, 0);
    expectProblem(await api.post('/auth/totp/verify').send({ code }), 'code-invalid');
  });

  it('cannot be guessed: after five failures nobody is heard, not even with the right one', async () => {
    const { account } = await service.given.engineer();
    await unusedAgain(service, account);
    const guesser = await afterPassword(service, account);
    for (let failure = 0; failure < 5; failure += 1) {
      const path = failure % 2 === 0 ? '/auth/totp/verify' : '/auth/recovery';
      expectProblem(await guesser.post(path).send({ code: `00000${failure}` }), 'code-invalid');
    }
    const api = await afterPassword(service, account);
    const answer = await api.post('/auth/totp/verify').send({ code: await account.code() });
    expectProblem(answer, 'rate-limited');
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(30);
  });
});

describe('replacing the factor', () => {
  it('asks for the password and a code, and ends all other sessions', async () => {
    const { account, api } = await service.given.engineer();
    const elsewhere = await service.given.signedIn(account);
    await unusedAgain(service, account);
    const missing = expectProblem(await api.post('/auth/totp'), 'validation-failed');
    expect(missing.errors?.map(({ field }) => field).sort()).toEqual(['code', 'password']);
    const wrong = { password: 'wrong', code: await account.code() };
    expectProblem(await api.post('/auth/totp').send(wrong), 'validation-failed');
    const halfWrong = { password: account.password, code: '000000' };
    expectProblem(await api.post('/auth/totp').send(halfWrong), 'code-invalid');

    const proof = { password: account.password, code: account.recoveryCodes.pop() };
    const begun = (await api.post('/auth/totp').send(proof).expect(200)).body as Enrolment;
    // The old factor counts until the new one has proved itself.
    await unusedAgain(service, account);
    const meanwhile = await afterPassword(service, account);
    await meanwhile
      .post('/auth/totp/verify')
      .send({ code: await account.code() })
      .expect(200);
    await api
      .post('/auth/totp/confirm')
      .send({ code: codeAt(begun.secret, 0) })
      .expect(200);
    for (const other of [elsewhere, meanwhile])
      expectProblem(await other.get('/tickets'), 'session-expired');
    const after = await afterPassword(service, account);
    const old = { code: codeAt(account.secret, 0) };
    expectProblem(await after.post('/auth/totp/verify').send(old), 'code-invalid');
  });

  it('is not for a session that proved the password alone', async () => {
    const { account } = await service.given.engineer();
    const api = await afterPassword(service, account);
    const proof = { password: account.password, code: account.recoveryCodes[0] };
    expectProblem(await api.post('/auth/totp').send(proof), 'second-factor-required');
    const confirm = await api.post('/auth/totp/confirm').send({ code: '123456' });
    expectProblem(confirm, 'second-factor-required');
  });
});
