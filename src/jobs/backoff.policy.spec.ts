import { backoffMs } from './backoff.policy.js';

describe('the wait after a failed run', () => {
  it.each([
    [1, 5_000],
    [2, 20_000],
    [3, 80_000],
    [6, 3_600_000],
    [1_000, 3_600_000],
  ])('after %d failures is about %d ms', (failures, waitMs) => {
    expect(backoffMs(failures, 0.5)).toBe(waitMs);
  });

  it('is spread by a fifth both ways', () => {
    expect(backoffMs(1, 0)).toBe(4_000);
    expect(backoffMs(1, 0.999_999)).toBe(6_000);
  });
});
