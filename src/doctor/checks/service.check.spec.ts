import { version } from '../../version.js';
import type { Answered, Outcome } from '../probe.js';
import { judgeService, judgeStranger } from './service.check.js';

const url = new URL('https://logs.example.com/');
const answered = (status: number, headers: Answered['headers'] = {}): Outcome => ({
  kind: 'answered',
  status,
  headers: { server: 'nginx', ...headers },
  seen: null,
  own: { address: '127.0.0.1', port: 1 },
  afterMs: 20,
});

it.each<[string, Outcome, RegExp]>([
  ['no such name', { kind: 'broken', code: 'ENOTFOUND', afterMs: 3 }, /DNS/],
  ['no listener', { kind: 'broken', code: 'ECONNREFUSED', afterMs: 3 }, /firewall/],
  ['silence', { kind: 'silent', afterMs: 15_000 }, /without an answer for 15 s/],
  ['a redirect', answered(301, { location: 'https://x/' }), /redirect \(to "https:\/\/x\/"\)/],
  [
    'another installation',
    answered(401, { 'content-type': 'application/problem+json; charset=utf-8' }),
    /SECRET_KEY/,
  ],
  ['a proxy alone', answered(502), /start the service/],
  ['a sign-in', answered(401), /sign-in of its own/],
  ['a page', answered(200), /PUBLIC_URL/],
])('%s in place of the service is named', (_what, outcome, said) => {
  const { level, saw, change } = judgeStranger(outcome, url);
  expect({ level, text: `${saw} ${change}` }).toEqual({
    level: 'fail',
    text: expect.stringMatching(said) as string,
  });
});

describe('the service behind PUBLIC_URL', () => {
  const seen = { storeId: 'one', version, publicUrl: 'https://logs.example.com' };
  const levelOf = (other: Partial<typeof seen>, storeId: string | null = 'one') =>
    judgeService({ ...seen, ...other }, storeId, `${seen.publicUrl}/`).level;

  it('is this one if it uses the same database and PUBLIC_URL', () => {
    expect(levelOf({})).toBe('ok');
    expect(levelOf({}, 'other')).toBe('fail');
    expect(levelOf({ publicUrl: 'https://logs.example.com/logs' })).toBe('fail');
    expect(judgeService(seen, 'one', undefined).level).toBe('ok');
  });

  it('may be of another version, or without its database', () => {
    expect(levelOf({ version: '0.0.1' })).toBe('warn');
    expect(levelOf({}, null)).toBe('skip');
    expect(judgeService({ ...seen, storeId: null }, 'one', undefined).level).toBe('skip');
  });
});
