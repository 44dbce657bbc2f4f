import { isDue, nextDueMs } from './scrub.policy.js';
import type { Round } from './scrub.policy.js';

const dayMs = 24 * 60 * 60 * 1000;
const beganAtMs = Date.parse('2025-11-20T10:00:00Z');
const after = (ms: number): Date => new Date(beganAtMs + ms);
const round = (endedAtMs: number | null): Round => ({
  beganAtMs,
  endedAtMs,
  instance: 1,
  after: '',
  before: '',
  archives: 0,
  bytes: 0,
  findings: 0,
});

describe('a round', () => {
  it('is due a week after the last one began', () => {
    const short = round(beganAtMs + 1000);
    expect(isDue(short, after(7 * dayMs - 1))).toBe(false);
    expect(isDue(short, after(7 * dayMs))).toBe(true);
  });

  it('follows at once on one that took longer, and never on one that goes on', () => {
    expect(isDue(round(beganAtMs + 9 * dayMs), after(9 * dayMs))).toBe(true);
    expect(isDue(round(null), after(30 * dayMs))).toBe(false);
  });
});

describe('the pace', () => {
  it('spreads the bytes over the time', () => {
    expect(nextDueMs(0, 1000, 500, 1000)).toBe(1500);
    expect(nextDueMs(1500, 1000, 500, 1000)).toBe(2000);
  });

  it('does not catch up what was left out', () => {
    expect(nextDueMs(1500, 60_000, 500, 1000)).toBe(60_500);
  });
});
