import type { Request } from 'express';
import { Config } from '../config/config.js';
import { RequestMalformed } from '../errors/errors.js';
import { Addresses } from './addresses.js';

const request = (headers: Readonly<Record<string, string>>): Request =>
  ({
    protocol: 'http',
    secure: false,
    host: 'logs.example.com:8000',
    get: (name: string) => headers[name],
  }) as Partial<Request> as Request;

const addresses = (config: Partial<Config> = {}) =>
  new Addresses(Object.assign(new Config(), config));

describe('the address that is handed out', () => {
  it('is PUBLIC_URL, else what the request was sent to', () => {
    expect(addresses().base(request({}))).toBe('http://logs.example.com:8000');
    const PUBLIC_URL = 'https://example.com/logs//';
    expect(addresses({ PUBLIC_URL }).base(request({}))).toBe('https://example.com/logs');
    expect(addresses({ PUBLIC_URL }).isSecure(request({}))).toBe(true);
    expect(addresses().isSecure(request({}))).toBe(false);
  });
});

describe('an address made from the Host of a request', () => {
  const base = (host: string | undefined) =>
    addresses().base(Object.assign(request({}), { host }) as Request);

  it.each(['logs', 'logs.example.com', '192.0.2.7:8000', '[2001:db8::1]:443'])(
    'takes %s',
    (host) => {
      expect(base(host)).toBe(`http://${host}`);
    },
  );

  it.each([
    undefined,
    '',
    '$(id)',
    '`id`',
    'evil"; rm -rf ~; "',
    'a b',
    'user@evil',
    'a:99999',
    '%zz',
  ])('refuses %j, which would be pasted into a shell', (host) => {
    expect(() => base(host)).toThrow(RequestMalformed);
  });
});

describe('a request from another site', () => {
  const isCrossSite = (headers: Readonly<Record<string, string>>, config?: Partial<Config>) =>
    addresses(config).isCrossSite(request(headers));

  it.each([
    [{}, false],
    [{ 'sec-fetch-site': 'same-origin' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'something-new' }, true],
    [{ origin: 'http://logs.example.com:8000' }, false],
    [{ origin: 'https://logs.example.com:8000' }, false],
    [{ origin: 'https://evil.example' }, true],
    [{ origin: 'https://logs.example.com.evil.example:8000' }, true],
    [{ origin: 'null' }, true],
    [{ origin: 'http://logs.example.com:8000', 'sec-fetch-site': 'cross-site' }, true],
  ])('with %j: %s', (headers, expected) => {
    expect(isCrossSite(headers)).toBe(expected);
  });

  it('is one from CORS_ORIGINS, too', () => {
    const config = { CORS_ORIGINS: ['https://desk.example.com'] };
    for (const site of ['same-site', 'cross-site'])
      expect(
        isCrossSite({ origin: 'https://desk.example.com', 'sec-fetch-site': site }, config),
      ).toBe(true);
    expect(isCrossSite({ origin: 'https://desk.example.com' }, config)).toBe(true);
  });

  it('is told by PUBLIC_URL where there is one', () => {
    const config = { PUBLIC_URL: 'https://public.example.com/logs' };
    expect(isCrossSite({ origin: 'https://public.example.com' }, config)).toBe(false);
    expect(isCrossSite({ origin: 'http://logs.example.com:8000' }, config)).toBe(true);
  });
});
