import { mostParts, partBytes } from './parts.policy.js';

const MiB = 1024 ** 2;
const TiB = 1024 ** 4;

const partsOf = (size: number): number => {
  let parts = 0;
  for (let offset = 0; offset < size; offset += partBytes(offset)) parts += 1;
  return parts;
};

describe('the parts of an object', () => {
  it('are as small as may be while it is of the usual size', () => {
    expect(partBytes(0)).toBe(8 * MiB);
    expect(partBytes(9 * 1024 * MiB)).toBe(8 * MiB);
    expect(partsOf(8 * MiB)).toBe(1);
    expect(partsOf(8 * MiB + 1)).toBe(2);
  });

  it('are never more than a store takes, however large it becomes', () => {
    expect(partsOf(5 * TiB)).toBeLessThan(mostParts);
  });
});
