import { judgeHost, judgeScheme } from './scheme.check.js';

const https = new URL('https://logs.example.com');
const peer = { address: '10.0.0.2', port: 1, isTrusted: true };
const seen = { isSecure: true, peer, headers: { 'x-forwarded-proto': 'https' } };
const hsts = { 'strict-transport-security': 'max-age=1' };

it('https is known where the proxy says it, the cookie is Secure and HSTS comes through', () => {
  expect(judgeScheme(seen, hsts, https, 'nginx').level).toBe('ok');
  expect(judgeScheme(seen, {}, https, 'nginx').level).toBe('warn');
  expect(judgeScheme({ ...seen, isSecure: false }, hsts, https, 'nginx').level).toBe('fail');
  for (const headers of [{}, { 'x-forwarded-proto': 'http' }])
    expect(judgeScheme({ ...seen, headers }, hsts, https, 'nginx')).toMatchObject({
      level: 'warn',
      change: expect.stringContaining('$scheme'),
    });
});

it('http is for this machine alone', () => {
  for (const [url, level] of [
    ['http://localhost:8000', 'ok'],
    ['http://127.0.0.1', 'ok'],
    ['http://logs.example.com', 'warn'],
  ] as const)
    expect(judgeScheme(seen, {}, new URL(url), 'unknown').level).toBe(level);
});

it('Host is the public one, with its port or without', () => {
  const at = new URL('https://logs.example.com:8443');
  const levelOf = (host: string, isGiven = true) =>
    judgeHost({ headers: { host } }, at, isGiven, 'nginx').level;
  expect(levelOf('logs.example.com')).toBe('ok');
  expect(levelOf('logs.example.com:8443')).toBe('ok');
  expect(levelOf('127.0.0.1:8000')).toBe('warn');
  // Then links are made of it.
  expect(levelOf('127.0.0.1:8000', false)).toBe('fail');
});
