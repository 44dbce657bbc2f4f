import { forgedAddress, judgeAddress, judgeForged } from './client-address.check.js';

const own = { address: '198.51.100.4', port: 40_000 };
const headers = { connection: 'close' };
const hop = (address: string, isTrusted = false) => ({ address, isTrusted });
const peer = (address: string, isTrusted: boolean, port = 50_000) => ({ address, isTrusted, port });

describe('whom the service takes for the client', () => {
  it('is right where nothing is between', () => {
    const seen = {
      address: own.address,
      peer: peer(own.address, false, own.port),
      chain: [],
      headers,
    };
    expect(judgeAddress(seen, own, 'unknown').level).toBe('ok');
  });

  it('is right where a trusted proxy says it', () => {
    const seen = {
      address: own.address,
      peer: peer('10.0.0.2', true),
      chain: [hop(own.address)],
      headers,
    };
    expect(judgeAddress(seen, own, 'nginx')).toMatchObject({
      level: 'ok',
      saw: expect.stringContaining('198.51.100.4, as 10.0.0.2 says'),
    });
  });

  it('is the proxy where that is not trusted, or does not say it', () => {
    const untrusted = {
      address: '10.0.0.2',
      peer: peer('10.0.0.2', false),
      chain: [hop(own.address)],
      headers,
    };
    expect(judgeAddress(untrusted, own, 'nginx')).toMatchObject({
      level: 'fail',
      change: expect.stringContaining('TRUSTED_PROXIES=10.0.0.2'),
    });
    expect(judgeAddress({ ...untrusted, chain: [] }, own, 'nginx')).toMatchObject({
      level: 'fail',
      change: expect.stringContaining('$proxy_add_x_forwarded_for'),
    });
  });

  it('may be a NAT’s, which is no fault', () => {
    const hopHeader = { connection: 'close, x-logs-collector-hop' };
    const seen = {
      address: '10.0.0.1',
      peer: peer('10.0.0.1', false),
      chain: [],
      headers: hopHeader,
    };
    expect(judgeAddress(seen, own, 'unknown').level).toBe('warn');
  });

  it('may be a second proxy that is not trusted', () => {
    const chain = [hop(own.address), hop('203.0.113.5')];
    const seen = { address: '203.0.113.5', peer: peer('10.0.0.2', true), chain, headers };
    expect(judgeAddress(seen, own, 'unknown')).toMatchObject({
      level: 'warn',
      saw: expect.stringContaining('203.0.113.5'),
    });
  });
});

describe('a forged X-Forwarded-For', () => {
  const seen = {
    address: own.address,
    peer: peer('10.0.0.2', true),
    chain: [hop(forgedAddress), hop(own.address)],
    base: 'https://logs.example.com',
    headers,
  };

  it('is not believed where the proxy adds whom it sees', () => {
    expect(judgeForged(seen, own, 'unknown').level).toBe('ok');
  });

  it('is believed of whom the service trusts itself, which tells nothing of others', () => {
    const chain = [hop(forgedAddress), hop(own.address, true)];
    expect(judgeForged({ ...seen, chain, address: forgedAddress }, own, 'unknown').level).toBe(
      'ok',
    );
  });

  it('fails where the proxy passes it on as it comes', () => {
    const passed = { ...seen, chain: [hop(forgedAddress)], address: forgedAddress };
    expect(judgeForged(passed, own, 'nginx')).toMatchObject({
      level: 'fail',
      saw: expect.stringContaining('as clients send it'),
    });
  });

  it('fails where everybody is trusted, and where clients come directly from a trusted address', () => {
    const all = {
      ...seen,
      chain: [hop(forgedAddress, true), hop(own.address, true)],
      address: forgedAddress,
    };
    expect(judgeForged(all, own, 'nginx')).toMatchObject({
      level: 'fail',
      saw: expect.stringContaining('any address'),
    });
    const direct = {
      ...seen,
      peer: peer(own.address, true, own.port),
      chain: [hop(forgedAddress)],
      address: forgedAddress,
    };
    expect(judgeForged(direct, own, 'unknown').level).toBe('fail');
  });

  it('fails where a forged host gets into links', () => {
    expect(judgeForged({ ...seen, base: 'http://forged.invalid' }, own, 'unknown')).toMatchObject({
      level: 'fail',
      change: expect.stringContaining('PUBLIC_URL'),
    });
  });
});
