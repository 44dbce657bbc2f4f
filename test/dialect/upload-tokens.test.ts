import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService({ TOKEN_MAX_FAILURES: '3' });
});

const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

describe('a new token', () => {
  it('has the form that the contract names, and no two are alike', async () => {
    const { api } = await service.given.admin();
    const { number } = await service.given.ticket();
    const issued = await Promise.all(
      Array.from({ length: 50 }, () => api.post(`/tickets/${number}/tokens`).send({})),
    );
    const values = issued.map(({ body }) => (body as { value: string }).value);
    for (const value of values) expect(value).toMatch(/^lct_[A-Za-z0-9_-]{32,}$/);
    expect(new Set(values).size).toBe(50);
    expect(new Set(values.map((value) => value.slice(4, 8))).size).toBeGreaterThan(45);
  });

  it('has the limits of the service where the platform sets none', async () => {
    const token = await service.given.uploadToken();
    const { attemptsLeft, expiresAt, serverTime } = await tokenState(service.url, token);
    expect(attemptsLeft).toBe(5);
    expect(Math.round(seconds(serverTime, expiresAt) / 60)).toBe(604_800 / 60);
  });

  it("has its platform's limits, and its own before those", async () => {
    const platform = await service.given.platform({ tokenAttempts: 2, tokenLifetime: 7200 });
    const usual = await tokenState(service.url, await service.given.uploadToken({ platform }));
    expect(usual.attemptsLeft).toBe(2);
    expect(Math.round(seconds(usual.serverTime, usual.expiresAt) / 60)).toBe(120);
    const wishes = { platform, attempts: 7, lifetime: 60 };
    const own = await tokenState(service.url, await service.given.uploadToken(wishes));
    expect(own.attemptsLeft).toBe(7);
    expect(Math.round(seconds(own.serverTime, own.expiresAt) / 60)).toBe(1);
  });

  it.each([
    { attempts: 0 },
    { attempts: 1001 },
    { attempts: 1.5 },
    { attempts: '5' },
    { attempts: null },
    { lifetime: 0 },
    { lifetime: 31_536_001 },
    { lifetime: -1 },
    { attempt: 5 },
    { hash: 'x' },
  ])('cannot be issued or extended with %j', async (wishes) => {
    const { api } = await service.given.admin();
    const { ticket, id } = await service.given.uploadToken();
    expectProblem(await api.post(`/tickets/${ticket}/tokens`).send(wishes), 'validation-failed');
    const extended = await api.patch(`/tickets/${ticket}/tokens/${id}`).send(wishes);
    expectProblem(extended, 'validation-failed');
  });
});

describe('the holder of a token', () => {
  it('sees its state and limits, and nothing of notes, people or other tokens', async () => {
    const { number, platform, token } = await service.given.ticket({
      note: 'a difficult customer',
    });
    const state = await tokenState(service.url, token);
    expect(state).toEqual({
      ticket: number,
      platform,
      platformTitle: `Product ${platform}`,
      state: 'active',
      attemptsLeft: 5,
      expiresAt: expect.any(String),
      maxUploadBytes: 10 * 1024 ** 3,
      freeBytes: expect.any(Number),
      serverTime: expect.any(String),
      archives: [],
    });
  });

  it('may ask without a body too, and is never answered from a cache', async () => {
    const { value } = await service.given.uploadToken();
    const url = `${service.url}/api/v1/upload-token/`;
    const answer = await send(url, { method: 'HEAD', headers: { 'Upload-Token': value } });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('may do nothing else with it', async () => {
    const { value, ticket } = await service.given.uploadToken();
    for (const headers of [{ 'Upload-Token': value }, { Authorization: `Bearer ${value}` }])
      for (const path of ['/tickets', `/tickets/${ticket}`, '/archives', '/storage', '/users']) {
        const answer = await send(`${service.url}/api/v1${path}`, { method: 'GET', headers });
        expect([401, 403]).toContain(answer.status);
      }
  });
});

/** What an upload and the state say of a token that may not upload; neither may cost anything. */
const refused = async (token: { value: string }, code: Parameters<typeof expectProblem>[1]) => {
  for (const way of ['form', 'put', 'post'] as const)
    expectProblem(await upload(service.url, token, { way }), code);
  const fields = { token: token.value };
  expectProblem(await upload(service.url, null, { fields }), code);
};

describe('a token that may not upload', () => {
  it('says that it has expired', async () => {
    const token = await service.given.uploadToken({ lifetime: 1 });
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
    );
    await refused(token, 'token-expired');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it('says that it is used up', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    expect(await upload(service.url, token)).toMatchObject({
      status: 201,
      body: { attemptsLeft: 1 },
    });
    expect(await upload(service.url, token)).toMatchObject({
      status: 201,
      body: { attemptsLeft: 0 },
    });
    await refused(token, 'token-exhausted');
    expect(await tokenState(service.url, token)).toMatchObject({ state: 'exhausted' });
  });

  it('says that it was revoked, and stays so', async () => {
    const token = await service.given.uploadToken();
    const { api } = await service.given.admin();
    const path = `/tickets/${token.ticket}/tokens/${token.id}`;
    await api.delete(path).expect(204);
    await api.delete(path).expect(204);
    await refused(token, 'token-revoked');
    expect(await tokenState(service.url, token)).toMatchObject({ state: 'revoked' });
    expectProblem(await api.patch(path).send({ attempts: 5 }), 'token-revoked');
    await refused(token, 'token-revoked');
  });

  it('says that its ticket is resolved, until that is reopened', async () => {
    const token = await service.given.uploadToken();
    const { api } = await service.given.admin();
    await api.patch(`/tickets/${token.ticket}`).send({ resolved: true }).expect(200);
    await refused(token, 'ticket-resolved');
    expect(await tokenState(service.url, token)).toMatchObject({ state: 'resolved' });
    await api.patch(`/tickets/${token.ticket}`).send({ resolved: false }).expect(200);
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });

  it('is unknown when its ticket was deleted', async () => {
    const token = await service.given.uploadToken();
    const { api } = await service.given.admin();
    await api.delete(`/tickets/${token.ticket}`).expect(204);
    await refused(token, 'token-unknown');
  });
});

describe('uploads that store nothing', () => {
  const spoil = async (token: { value: string }) =>
    expectProblem(await upload(service.url, token, { bytes: Buffer.of() }), 'file-empty');

  it('lock the token after TOKEN_MAX_FAILURES, and a new one opens the way again', async () => {
    const token = await service.given.uploadToken();
    for (let times = 0; times < 3; times += 1) await spoil(token);
    await refused(token, 'token-locked');
    expect(await tokenState(service.url, token)).toMatchObject({
      state: 'locked',
      attemptsLeft: 5,
    });
    const next = await service.given.uploadToken({ ticket: token.ticket });
    expect(await upload(service.url, next)).toMatchObject({ status: 201 });
    await refused(token, 'token-locked');
  });

  it('are forgotten when one is stored', async () => {
    const token = await service.given.uploadToken();
    for (let round = 0; round < 3; round += 1) {
      await spoil(token);
      await spoil(token);
      expect(await upload(service.url, token)).toMatchObject({ status: 201 });
    }
  });

  it('count also where they never took an attempt or broke off', async () => {
    const platform = await service.given.platform({ maxUploadBytes: 10 });
    const token = await service.given.uploadToken({ platform });
    await upload(service.url, token, { way: 'put', bytes: 'x'.repeat(11) });
    await upload(service.url, token, { way: 'put', bytes: Buffer.of() });
    (await uploadUnderWay(service.url, token, {}, 'x')).breakOff();
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'locked' }),
    );
  });

  it('do not count where the service is to blame', async () => {
    const platform = await service.given.platform({ quotaBytes: 10 });
    const token = await service.given.uploadToken({ platform });
    for (let times = 0; times < 5; times += 1)
      expectProblem(await upload(service.url, token, { bytes: 'x'.repeat(11) }), 'quota-exceeded');
    expect(await tokenState(service.url, token)).toMatchObject({ state: 'active' });
  });
});

describe('an attempt', () => {
  it.each(['form', 'put', 'post'] as const)(
    'is reserved while an upload by %s runs, and given back when it breaks off',
    async (way) => {
      const token = await service.given.uploadToken({ attempts: 1 });
      const running = await uploadUnderWay(service.url, token, { way });
      expect(await tokenState(service.url, token)).toMatchObject({
        attemptsLeft: 0,
        state: 'exhausted',
      });
      expectProblem(await upload(service.url, token), 'token-exhausted');
      running.breakOff();
      await eventually(async () =>
        expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 }),
      );
      const last = await uploadUnderWay(service.url, token, { way });
      expect(await last.finish()).toMatchObject({ status: 201, body: { attemptsLeft: 0 } });
    },
  );

  it('is not lost by an upload that began before the token expired', async () => {
    const token = await service.given.uploadToken({ lifetime: 2 });
    const running = await uploadUnderWay(service.url, token);
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
    );
    expectProblem(await upload(service.url, token), 'token-expired');
    expect(await running.finish()).toMatchObject({ status: 201, body: { attemptsLeft: 4 } });
  });
});

describe('an engineer', () => {
  it('extends what is left of a token', async () => {
    const token = await service.given.uploadToken({ attempts: 1, lifetime: 1 });
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
    );
    const { api } = await service.given.engineer();
    const path = `/tickets/${token.ticket}/tokens/${token.id}`;
    const more = await api.patch(path).send({ attempts: 3 }).expect(200);
    expect(more.body).toMatchObject({ attemptsLeft: 3, state: 'expired' });
    const longer = await api.patch(path).send({ lifetime: 600 }).expect(200);
    expect(longer.body).toMatchObject({ attemptsLeft: 3, state: 'active' });
    expect(await upload(service.url, token)).toMatchObject({
      status: 201,
      body: { attemptsLeft: 2 },
    });
    expectProblem(await api.patch(`/tickets/NONE/tokens/${token.id}`).send({}), 'not-found');
    const other = await service.given.ticket();
    expectProblem(await api.patch(`/tickets/${other.number}/tokens/${token.id}`), 'not-found');
    expectProblem(await api.delete(`/tickets/${other.number}/tokens/${token.id}`), 'not-found');
  });

  it('lists tokens, newest first, without their values', async () => {
    const first = await service.given.uploadToken({ attempts: 9 });
    const second = await service.given.uploadToken({ ticket: first.ticket });
    const { api } = await service.given.admin();
    const { body, text } = await api.get(`/tickets/${first.ticket}/tokens`).expect(200);
    expect(body).toMatchObject({
      items: [
        { id: second.id, state: 'active', attemptsLeft: 5, failures: 0, revokedAt: null },
        { id: first.id, attemptsLeft: 9, createdBy: 'root' },
      ],
      nextCursor: null,
    });
    expect(text).not.toContain('lct_');
    const audit = await api.get('/audit-events?limit=200').expect(200);
    for (const { value } of [first, second]) {
      expect(audit.text).not.toContain(value);
      expect(service.log.text).not.toContain(value);
    }
  });
});
