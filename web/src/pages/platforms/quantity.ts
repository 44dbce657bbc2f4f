/** What a form says of a size or a length of time: an amount of some unit; without an amount, nothing is said. */
export interface Quantity {
  amount: number | null;
  /** How many bytes or seconds one of the unit is. */
  factor: number;
}

export interface Unit {
  /** As `Intl.NumberFormat` names it. */
  readonly name: string;
  readonly display: 'short' | 'long';
  readonly factor: number;
}

/** Decimal, as sizes are shown everywhere. From the largest to the smallest, as `quantityOf` wants them. */
export const sizeUnits: readonly Unit[] = [
  { name: 'terabyte', display: 'short', factor: 1e12 },
  { name: 'gigabyte', display: 'short', factor: 1e9 },
  { name: 'megabyte', display: 'short', factor: 1e6 },
  { name: 'kilobyte', display: 'short', factor: 1e3 },
];

export const dayUnit: Unit = { name: 'day', display: 'long', factor: 86_400 };

export const timeUnits: readonly Unit[] = [
  dayUnit,
  { name: 'hour', display: 'long', factor: 3_600 },
  { name: 'minute', display: 'long', factor: 60 },
];

/**
 * A value in the largest unit of which it is a plain number (90 minutes, 1.5 GB), else in the largest that is not above
 * it. @param usual the unit's factor to begin with where there is no value
 */
export const quantityOf = (
  value: number | null,
  units: readonly Unit[],
  usual: number,
): Quantity => {
  if (value === null) return { amount: null, factor: usual };
  const fits = units.filter(({ factor }) => value >= factor);
  const plain = fits.find(({ factor }) => Number.isInteger((value / factor) * 10));
  const factor = (plain ?? fits[0] ?? units.at(-1))?.factor ?? 1;
  return { amount: value / factor, factor };
};

/** In bytes or seconds, whole as the API takes them. */
export const valueOf = ({ amount, factor }: Quantity): number | null =>
  amount === null ? null : Math.max(1, Math.round(amount * factor));
