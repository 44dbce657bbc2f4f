import {
  quantityOf,
  sizeUnits,
  timeUnits,
  valueOf,
} from '../../web/src/pages/platforms/quantity.js';

describe('a quantity', () => {
  it('takes the largest unit in which it is a plain number', () => {
    expect(quantityOf(1_500_000_000, sizeUnits, 1e9)).toEqual({ amount: 1.5, factor: 1e9 });
    expect(quantityOf(2_000_000, sizeUnits, 1e9)).toEqual({ amount: 2, factor: 1e6 });
    expect(quantityOf(7 * 86_400, timeUnits, 86_400)).toEqual({ amount: 7, factor: 86_400 });
    expect(quantityOf(5_400, timeUnits, 86_400)).toEqual({ amount: 1.5, factor: 3_600 });
    expect(quantityOf(null, timeUnits, 86_400)).toEqual({ amount: null, factor: 86_400 });
  });

  it('is the same value after it was shown', () => {
    const values = [1, 59, 100, 5_368_709_120, 1_234_567, 999_999_999_999];
    for (const value of values) {
      expect(valueOf(quantityOf(value, sizeUnits, 1e9))).toBe(value);
      expect(valueOf(quantityOf(value, timeUnits, 60))).toBe(value);
    }
    expect(valueOf(quantityOf(null, sizeUnits, 1e9))).toBeNull();
  });
});
