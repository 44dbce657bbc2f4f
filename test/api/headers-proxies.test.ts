import { expectProblem, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

const forwarded = {
  'X-Forwarded-For': '203.0.113.9, 192.0.2.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'logs.example.com',
};

let count = 0;

/** Opens a ticket over these headers: where the links lead, and what the audit says it came from. */
const opened = async (
  service: TestService,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly link: string; readonly curl: string; readonly address: string | null }> => {
  const { given } = service;
  const platform = await given.platform();
  const { api } = await given.admin();
  const number = `PROXY-${(count += 1)}`;
  const made = await api.post('/tickets').set(headers).send({ platform, number }).expect(201);
  const { token } = made.body as { token: { uploadUrl: string; curl: string } };
  const events = await api.get(`/audit-events?subject=${number}`).expect(200);
  const { items } = events.body as { items: { address: string | null }[] };
  return {
    link: token.uploadUrl.replace(/#.*/, ''),
    curl: token.curl.split(' ').at(-1) ?? '',
    address: items[0]?.address ?? null,
  };
};

describe('what a client says of itself', () => {
  it('is not believed by default: not the address, nor the name, nor the scheme', async () => {
    const service = await startedService();
    expect(await opened(service, forwarded)).toEqual({
      link: `${service.url}/upload`,
      curl: `${service.url}/api/v1/archives`,
      address: '127.0.0.1',
    });
  });

  it('is not believed from a proxy that is not among TRUSTED_PROXIES', async () => {
    const service = await startedService({ TRUSTED_PROXIES: '10.0.0.0/8,2001:db8::/32' });
    expect(await opened(service, forwarded)).toMatchObject({
      link: `${service.url}/upload`,
      address: '127.0.0.1',
    });
  });

  it('does not make the cookie Secure, nor an http request same-origin', async () => {
    const service = await startedService();
    const body = { username: 'root', password: 'correct horse battery staple 9' };
    const login = service.given.stranger().post('/auth/login').set(forwarded);
    const answer = await login.send(body).expect(200);
    expect(answer.headers['set-cookie']?.[0]).not.toContain('Secure');
    const origin = { ...forwarded, Origin: 'https://logs.example.com' };
    const foreign = await service.given.stranger().post('/auth/login').set(origin).send(body);
    expectProblem(foreign, 'cross-site-request');
  });
});

describe('what a trusted proxy says', () => {
  it('is believed: the address nearest to it that is none of ours, the name and the scheme', async () => {
    const service = await startedService({ TRUSTED_PROXIES: '127.0.0.1' });
    expect(await opened(service, forwarded)).toEqual({
      link: 'https://logs.example.com/upload',
      curl: 'https://logs.example.com/api/v1/archives',
      address: '192.0.2.7',
    });
  });

  it('goes through a chain of trusted proxies', async () => {
    const service = await startedService({ TRUSTED_PROXIES: '127.0.0.0/8, 192.0.2.0/24' });
    expect(await opened(service, forwarded)).toMatchObject({ address: '203.0.113.9' });
  });

  it('makes the cookie Secure where people come by https', async () => {
    const service = await startedService({ TRUSTED_PROXIES: '127.0.0.1' });
    const answer = await service.given
      .stranger()
      .post('/auth/login')
      .set({ ...forwarded, Origin: 'https://logs.example.com' })
      .send({ username: 'root', password: 'correct horse battery staple 9' })
      .expect(200);
    expect(answer.headers['set-cookie']?.[0]).toContain('Secure');
  });

  it('may be nonsense, and breaks nothing', async () => {
    const service = await startedService({ TRUSTED_PROXIES: '127.0.0.1' });
    for (const said of ['nobody', 'x'.repeat(5000), '192.0.2.7:1234', '[2001:db8::1]:5', ', ,']) {
      const headers = { 'X-Forwarded-For': said, 'Content-Type': 'application/json' };
      const body = JSON.stringify({ username: 'root', password: 'not the one' });
      const url = `${service.url}/api/v1/auth/login`;
      expectProblem(await send(url, { method: 'POST', headers, body }), 'login-failed');
      const { address } = await opened(service, { 'X-Forwarded-For': said });
      expect(address).toBe('127.0.0.1');
    }
  });
});

describe('PUBLIC_URL', () => {
  it('is where links lead, whatever Host a client or a proxy names', async () => {
    // Over https the cookie would be Secure, and this client would keep it to itself.
    const PUBLIC_URL = 'http://collect.example.org/logs/';
    const service = await startedService({ PUBLIC_URL, TRUSTED_PROXIES: '127.0.0.1' });
    for (const headers of [{}, { Host: 'evil.example' }, forwarded])
      expect(await opened(service, headers)).toMatchObject({
        link: 'http://collect.example.org/logs/upload',
        curl: 'http://collect.example.org/logs/api/v1/archives',
      });
  });
});
