import { afterPassword, cookieOf, thiefWith } from '../support/browsers.js';
import { codeAt, unusedAgain } from '../support/codes.js';
import { databaseDump } from '../support/dump.js';
import { expectProblem } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

describe('a recovery code', () => {
  it('stands in for a code once, however it is typed', async () => {
    const { account } = await service.given.engineer();
    const [one = '', two = '', three = ''] = account.recoveryCodes;
    for (const typed of [one, ` ${two.toUpperCase()} `, three.replace('-', '')]) {
      const api = await afterPassword(service, account);
      const answer = await api.post('/auth/recovery').send({ code: typed }).expect(200);
      expect(answer.body).toMatchObject({ aal: 2, secondFactor: 'done' });
      await api.get('/tickets').expect(200);
    }
    const api = await afterPassword(service, account);
    for (const used of [one, two, three])
      expectProblem(await api.post('/auth/recovery').send({ code: used }), 'code-invalid');
  });

  it('raises one session, however many present it at once, to however many replicas', async () => {
    const { account } = await service.given.engineer();
    const replicas = await replicasOf(service, 4);
    const browsers = await Promise.all(
      Array.from({ length: 20 }, () => afterPassword(service, account)),
    );
    const code = account.recoveryCodes[4];
    const answers = await Promise.all(
      browsers.map((api, index) =>
        thiefWith(replicas[index % replicas.length] ?? service, cookieOf(api))
          .post('/auth/recovery')
          .send({ code }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('works for its own account, and not where a code of the authenticator belongs', async () => {
    const [one, other] = [await service.given.engineer(), await service.given.engineer()];
    const api = await afterPassword(service, one.account);
    const foreign = { code: other.account.recoveryCodes[0] };
    expectProblem(await api.post('/auth/recovery').send(foreign), 'code-invalid');
    const own = { code: one.account.recoveryCodes[0] };
    expectProblem(await api.post('/auth/totp/verify').send(own), 'code-invalid');
    await unusedAgain(service, one.account);
    const totp = { code: await one.account.code() };
    expectProblem(await api.post('/auth/recovery').send(totp), 'code-invalid');
    await api.post('/auth/recovery').send(own).expect(200);
  });

  it('is kept as a hash alone', async () => {
    const { account } = await service.given.engineer();
    const dump = (await databaseDump(service)).toLowerCase();
    for (const code of account.recoveryCodes) {
      expect(dump).not.toContain(code);
      expect(dump).not.toContain(code.replace('-', ''));
    }
    expect(dump).toContain('$argon2id$');
  });

  it('of an earlier set is void once a factor is enrolled anew', async () => {
    const { account, api } = await service.given.engineer();
    await unusedAgain(service, account);
    const proof = { password: account.password, code: await account.code() };
    const begun = await api.post('/auth/totp').send(proof).expect(200);
    const { secret } = begun.body as { secret: string };
    const ended = await api
      .post('/auth/totp/confirm')
      .send({ code: codeAt(secret, 0) })
      .expect(200);
    const { recoveryCodes } = ended.body as { recoveryCodes: string[] };
    expect(recoveryCodes).toHaveLength(10);
    const again = await afterPassword(service, account);
    const old = { code: account.recoveryCodes[0] };
    expectProblem(await again.post('/auth/recovery').send(old), 'code-invalid');
    await again.post('/auth/recovery').send({ code: recoveryCodes[0] }).expect(200);
  });

  it('tells the audit how many are left, and not itself', async () => {
    const { account, id } = await service.given.engineer();
    await service.given.signedIn(account);
    const { api } = await service.given.admin();
    const events = await api.get(`/audit-events?action=recovery-code.used&subject=${id}`);
    expect(events.body).toMatchObject({ items: [{ details: { left: 9 } }] });
  });
});
