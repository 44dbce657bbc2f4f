import type { Answered, Outcome } from '../probe/exchange.js';
import type { Seen } from '../mirror/mirror.protocol.js';
import { version } from '../../version.js';
import { judgePath, judgeService, judgeStranger } from './service.check.js';

const url = new URL('https://logs.example.com/');
const answered = (status: number, rest: Partial<Answered> = {}): Outcome => ({
  kind: 'answered',
  status,
  headers: { server: 'nginx' },
  text: '',
  pieces: [],
  isCut: false,
  own: { address: '127.0.0.1', port: 1 },
  beganAt: 0,
  afterMs: 20,
  ...rest,
});

describe('who answers in place of the service', () => {
  it.each<[string, Outcome, RegExp]>([
    ['no such name', { kind: 'broken', code: 'ENOTFOUND', afterMs: 3 }, /DNS/],
    ['nobody', { kind: 'broken', code: 'ECONNREFUSED', afterMs: 3 }, /firewall/],
    ['somebody silent', { kind: 'silent', afterMs: 15_000 }, /without an answer for 15 s/],
    ['a redirect', answered(301, { headers: { location: 'https://x/' } }), /leads away/],
    ['another of our kind', answered(200, { text: '{"status":"ok"}' }), /SECRET_KEY/],
    ['a proxy alone', answered(502), /start the service/],
    ['a sign-in', answered(401), /sign-in of its own/],
    ['a page', answered(200, { text: 'hello' }), /PUBLIC_URL/],
  ])('is %s', (_who, outcome, said) => {
    const { level, saw, change } = judgeStranger(outcome, url);
    expect({ level, text: `${saw} ${change}` }).toEqual({
      level: 'fail',
      text: expect.stringMatching(said) as string,
    });
  });
});

describe('the service behind PUBLIC_URL', () => {
  const seen = { storeId: 'one', version } as Seen;

  it('is this one if it works on the same database', () => {
    expect(judgeService(seen, 'one').level).toBe('ok');
    expect(judgeService(seen, 'other').level).toBe('fail');
  });

  it('may be of another version, or without its database', () => {
    expect(judgeService({ ...seen, version: '0.0.1' }, 'one').level).toBe('warn');
    expect(judgeService({ ...seen, storeId: null }, 'one').level).toBe('skip');
    expect(judgeService(seen, null).level).toBe('skip');
  });
});

describe('an address', () => {
  it.each([
    ['/a%20b?c=%26', '/a%20b?c=%26', '', 'ok'],
    ['/a%20b', '/a b', '', 'ok'],
    ['/logs/a', '/logs/a', '/logs', 'ok'],
    ['/logs/a', '/a', '/logs', 'ok'],
    ['/logs/a', '/a', '', 'fail'],
    ['/logs/a', '/logs/logs/a', '/logs', 'fail'],
  ])('%s that arrives as %s below "%s" is %s', (sent, path, prefix, level) => {
    expect(judgePath({ path }, sent, prefix).level).toBe(level);
  });
});
