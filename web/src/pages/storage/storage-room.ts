import type { StorageView } from '../../api/schema.js';

/** How much room is left, in three steps. */
export type Room = 'plenty' | 'little' | 'none';

/** From here on somebody should do something, and from here on at once; percent of the volume in use. */
const littleFromPercent = 85;
const noneFromPercent = 95;

/** Of a store that has a volume. */
export type MeasuredStorage = {
  readonly [Name in keyof StorageView]: NonNullable<StorageView[Name]>;
};

/** An object store has none: nothing there is free or full. */
export const isMeasured = (view: StorageView): view is StorageView & MeasuredStorage =>
  view.total !== null;

export const roomIn = ({ usedPercent }: Pick<MeasuredStorage, 'usedPercent'>): Room =>
  usedPercent >= noneFromPercent ? 'none' : usedPercent >= littleFromPercent ? 'little' : 'plenty';

/** A share in percent, between 0 and 100, whatever two measurements at different moments say. */
export const percentOf = (part: number, whole: number): number =>
  whole <= 0 ? 0 : Math.min(100, Math.max(0, (100 * part) / whole));
