import { RowsDigest } from './rows-digest.js';
import type { Cell } from './backup.policy.js';

const digestOf = (...rows: readonly (readonly Cell[])[]) => {
  const digest = new RowsDigest();
  rows.forEach((row) => digest.add(row));
  return digest.end();
};

it('is the same in any order, and of nothing too', () => {
  expect(digestOf(['a', 1], ['b', null])).toEqual(digestOf(['b', null], ['a', 1]));
  expect(digestOf()).toEqual({ rows: 0, digest: '0'.repeat(64) });
});

it('tells a lost, a doubled and a changed row, and a value that moved to another one', () => {
  const whole = digestOf(['a', 1], ['b', 2]);
  expect(whole.digest).toMatch(/^[0-9a-f]{64}$/);
  const others = [
    digestOf(['a', 1]),
    digestOf(['a', 1], ['b', 2], ['b', 2]),
    digestOf(['a', 1], ['b', 3]),
    digestOf(['a', 2], ['b', 1]),
    digestOf(['a', '1'], ['b', 2]),
    digestOf(['a', 1], ['b', null]),
  ];
  for (const { digest } of others) expect(digest).not.toBe(whole.digest);
});
