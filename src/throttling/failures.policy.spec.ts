import { keptForMs, longestWaitFrom, waitAfterMs } from './failures.policy.js';

it.each([
  [0, 0],
  [1, 0],
  [4, 0],
  [5, 30],
  [6, 60],
  [7, 120],
  [11, 1920],
  [12, 3600],
  [13, 3600],
  [1_000_000, 3600],
])('after %i failures in a row the wait is %i s', (failures, seconds) => {
  expect(waitAfterMs(failures)).toBe(seconds * 1000);
});

it('stops growing at the twelfth, and outlives no count', () => {
  expect(longestWaitFrom).toBe(12);
  expect(keptForMs).toBeGreaterThan(waitAfterMs(longestWaitFrom));
});
