import { forgedAddress, judgeAddress, judgeForged } from './client-address.check.js';

const own = { address: '198.51.100.4', port: 40_000 };
const isProxied = true;
const hop = (address: string, isTrusted = false) => ({ address, isTrusted });
const peer = (address: string, isTrusted: boolean, port = 50_000) => ({ address, isTrusted, port });

describe('whom the service takes for the client', () => {
  it('is right where nothing is between', () => {
    const seen = {
      address: own.address,
      peer: peer(own.address, false, own.port),
      chain: [],
      isProxied,
    };
    expect(judgeAddress(seen, own).level).toBe('ok');
  });

  it('is right where a trusted proxy says it', () => {
    const seen = {
      address: own.address,
      peer: peer('10.0.0.2', true),
      chain: [hop(own.address)],
      isProxied,
    };
    expect(judgeAddress(seen, own)).toMatchObject({
      level: 'ok',
      saw: expect.stringContaining('198.51.100.4, as 10.0.0.2 says'),
    });
  });

  it('is the proxy where that is not trusted, or does not say it', () => {
    const untrusted = {
      address: '10.0.0.2',
      peer: peer('10.0.0.2', false),
      chain: [hop(own.address)],
      isProxied,
    };
    expect(judgeAddress(untrusted, own)).toMatchObject({
      level: 'fail',
      change: expect.stringContaining('TRUSTED_PROXIES=10.0.0.2'),
    });
    expect(judgeAddress({ ...untrusted, chain: [] }, own)).toMatchObject({
      level: 'fail',
      change: expect.stringContaining('$proxy_add_x_forwarded_for'),
    });
  });

  it('may be a NAT’s, which is no fault', () => {
    const seen = {
      address: '10.0.0.1',
      peer: peer('10.0.0.1', false),
      chain: [],
      isProxied: false,
    };
    expect(judgeAddress(seen, own).level).toBe('warn');
  });

  it('may be a second proxy that is not trusted', () => {
    const chain = [hop(own.address), hop('203.0.113.5')];
    const seen = { address: '203.0.113.5', peer: peer('10.0.0.2', true), chain, isProxied };
    expect(judgeAddress(seen, own)).toMatchObject({
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
    isProxied,
  };

  it('is not believed where the proxy adds whom it sees', () => {
    expect(judgeForged(seen, own).level).toBe('ok');
  });

  it('is believed of whom the service trusts itself, which tells nothing of others', () => {
    const chain = [hop(forgedAddress), hop(own.address, true)];
    expect(judgeForged({ ...seen, chain, address: forgedAddress }, own).level).toBe('ok');
  });

  it('fails where the proxy passes it on as it comes', () => {
    const passed = { ...seen, chain: [hop(forgedAddress)], address: forgedAddress };
    expect(judgeForged(passed, own)).toMatchObject({
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
    expect(judgeForged(all, own)).toMatchObject({
      level: 'fail',
      saw: expect.stringContaining('any address'),
    });
    const direct = {
      ...seen,
      peer: peer(own.address, true, own.port),
      chain: [hop(forgedAddress)],
      address: forgedAddress,
    };
    expect(judgeForged(direct, own).level).toBe('fail');
  });
});
