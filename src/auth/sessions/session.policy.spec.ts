import { isAlive, secondFactorOf, seenEveryMs } from './session.policy.js';

const limits = { idle: 60, lifetime: 600 };
const at = (seconds: number) => new Date(seconds * 1000);

describe('a session', () => {
  it.each([
    ['just seen', 0, 0, 0, true],
    ['a millisecond before the idle limit', 0, 0, 59.999, true],
    ['at the idle limit', 0, 0, 60, false],
    ['busy, before the end of its life', 0, 599, 599.999, true],
    ['busy, at the end of its life', 0, 599, 600, false],
  ])('%s', (_case, began, seen, now, alive) => {
    expect(isAlive({ beganAt: at(began), seenAt: at(seen) }, limits, at(now))).toBe(alive);
  });

  it('is written once a minute, or each tenth of a short idle limit', () => {
    expect(seenEveryMs({ idle: 3600, lifetime: 1 })).toBe(60_000);
    expect(seenEveryMs({ idle: 5, lifetime: 1 })).toBe(500);
  });

  it('says what is left to do', () => {
    expect(secondFactorOf({ aal: 1, hasSecondFactor: false })).toBe('enrol');
    expect(secondFactorOf({ aal: 1, hasSecondFactor: true })).toBe('verify');
    expect(secondFactorOf({ aal: 2, hasSecondFactor: true })).toBe('done');
  });
});
