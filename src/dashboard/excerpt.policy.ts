/** The first few of many, and how many there are, counted no further than is worth it. */
export interface Excerpt<Item> {
  readonly items: readonly Item[];
  readonly count: number;
  readonly isMore: boolean;
}

/** Beyond it nobody reads the number: `99+`. */
export const countedTo = 99;

/** @param found up to one more than is counted */
export const excerpt = <Row>(found: readonly Row[], shown: number): Excerpt<Row> => ({
  items: found.slice(0, shown),
  count: Math.min(countedTo, found.length),
  isMore: found.length > countedTo,
});
