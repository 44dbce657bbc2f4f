import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tus } from '../support/tus.js';

/** Requests of many customers come through one proxy here, which says from where. */
const proxied = { TRUSTED_PROXIES: '127.0.0.1' };
const from = (address: string) => ({ 'X-Forwarded-For': address });

const login = (
  { url }: TestService,
  headers: Readonly<Record<string, string>> = {},
  username = 'nobody',
): Promise<Answer> =>
  send(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ username, password: 'not the one' }),
  });

const get = (
  { url }: TestService,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => send(url + path, { method: 'GET', headers });

const expectLimited = (answer: Answer): void => {
  expectProblem(answer, 'rate-limited');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
};

describe('LOGIN_RATE', () => {
  it('lets an address try so often a minute, whatever names it tries', async () => {
    const service = await startedService({ LOGIN_RATE: '3' });
    for (const username of ['one', 'two', 'three'])
      expectProblem(await login(service, {}, username), 'login-failed');
    expectLimited(await login(service, {}, 'four'));
    // Reading, and other ways to prove oneself, go on.
    expectProblem(await get(service, '/api/v1/tickets'), 'credentials-missing');
    const setup = await service.given.stranger().post('/auth/setup').send({});
    expectProblem(setup, 'validation-failed');
  });

  it('holds on every route that takes a password or a code', async () => {
    const service = await startedService({ LOGIN_RATE: '2' });
    const { api } = await service.given.admin();
    for (const path of ['/auth/password', '/auth/totp/verify', '/auth/recovery', '/auth/setup']) {
      for (const _of of [1, 2]) expectProblem(await api.post(path).send({}), 'validation-failed');
      expectLimited(await api.post(path).send({}));
    }
  });

  it('is not begun anew by an address that the client makes up', async () => {
    const service = await startedService({ LOGIN_RATE: '3' });
    const forged = (index: number) => ({
      ...from(`198.51.100.${index}`),
      Forwarded: `for=198.51.100.${index}`,
      'X-Real-IP': `198.51.100.${index}`,
    });
    for (const index of [1, 2, 3])
      expectProblem(await login(service, forged(index)), 'login-failed');
    expectLimited(await login(service, forged(4)));
  });

  it('counts each customer behind a trusted proxy apart, and what they make up not at all', async () => {
    const service = await startedService({ ...proxied, LOGIN_RATE: '2' });
    for (const made of ['198.51.100.1', '198.51.100.2'])
      await login(service, from(`${made}, 192.0.2.1`));
    expectLimited(await login(service, from('198.51.100.3, 192.0.2.1')));
    expectProblem(await login(service, from('192.0.2.2')), 'login-failed');
  });

  it('counts the many addresses of one IPv6 customer as one', async () => {
    const service = await startedService({ ...proxied, LOGIN_RATE: '2' });
    for (const host of ['1', '2']) await login(service, from(`2001:db8:1:2::${host}`));
    expectLimited(await login(service, from('2001:db8:1:2:ffff::3')));
    expectProblem(await login(service, from('2001:db8:1:3::1')), 'login-failed');
  });
});

describe('API_RATE', () => {
  it('holds for all routes together, for each address apart, and not for the probes', async () => {
    const service = await startedService({ ...proxied, API_RATE: '6' });
    const one = from('192.0.2.1');
    for (const path of ['/api/v1/tickets', '/api/v1/users', '/api/v1/archives'])
      for (const _of of [1, 2]) expectProblem(await get(service, path, one), 'credentials-missing');
    expectLimited(await get(service, '/api/v1/platforms', one));
    expectLimited(await login(service, one));
    for (const path of ['/health/live', '/health/ready', '/api/v1/health'])
      for (const _of of [1, 2, 3, 4, 5, 6, 7])
        expect(await get(service, path, one)).toMatchObject({ status: 200 });
    expectProblem(await get(service, '/api/v1/tickets', from('192.0.2.2')), 'credentials-missing');
  });

  it('does not count the requests of a resumable upload that bring much', async () => {
    const service = await startedService({ API_RATE: '40' });
    const token = await service.given.uploadToken();
    const { begun, patch } = tus(service.url, token);
    const piece = Buffer.alloc(64 * 1024);
    const path = await begun({ length: 51 * piece.length });
    for (let index = 0; index < 50; index += 1)
      expect(await patch(path, index * piece.length, piece)).toMatchObject({ status: 204 });
    const small = Array.from({ length: 41 }, () => patch(path, 1, 'x'));
    expect((await Promise.all(small)).map(({ status }) => status)).toContain(429);
  });

  it('leaves a tenth of itself for wrong tokens, keys and cookies', async () => {
    const service = await startedService({ ...proxied, API_RATE: '120' });
    const { value } = await service.given.uploadToken();
    const guesser = from('192.0.2.66');
    const guess = (index: number) => `${index}`.padStart(32, 'x');
    for (let index = 0; index < 12; index += 1) {
      const [path, header, code] = (
        [
          ['/upload-token', { 'Upload-Token': `lct_${guess(index)}` }, 'token-unknown'],
          ['/tickets', { Authorization: `Bearer lck_${guess(index)}` }, 'api-key-unknown'],
          ['/tickets', { Cookie: `lc_session=${guess(index)}` }, 'session-expired'],
        ] as const
      )[index % 3] as readonly [string, Record<string, string>, 'token-unknown'];
      expectProblem(await get(service, `/api/v1${path}`, { ...guesser, ...header }), code);
    }
    const shown = (token: string, headers: Record<string, string>) =>
      get(service, '/api/v1/upload-token', { 'Upload-Token': token, ...headers });
    expectLimited(await shown(`lct_${guess(13)}`, guesser));
    expectProblem(await shown(`lct_${guess(14)}`, from('192.0.2.1')), 'token-unknown');
    // Who shares the address with a stale collector is not shut out by it.
    expect(await shown(value, guesser)).toMatchObject({ status: 200 });
  });

  it('does not count credentials that are merely missing as wrong', async () => {
    const service = await startedService({ API_RATE: '100' });
    const { value } = await service.given.uploadToken();
    for (let time = 0; time < 20; time += 1)
      expectProblem(await get(service, '/api/v1/upload-token'), 'credentials-missing');
    const answer = await get(service, '/api/v1/upload-token', { 'Upload-Token': value });
    expect(answer).toMatchObject({ status: 200 });
  });
});
