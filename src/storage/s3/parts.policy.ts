const MiB = 1024 ** 2;

/** A store takes so many parts of one object. */
export const mostParts = 10_000;
/** All parts but the last have at least 5 MiB by the protocol; with 8 an upload of 10 GiB needs 1,250. */
const leastBytes = 8 * MiB;

/**
 * Bytes of the part that begins at this offset: about a thousandth of what is there already, so that 5 TiB, the most
 * that an object may have, fit into 10,000 parts although nobody knows the length before, and an upload of the usual
 * size takes no more memory than it must.
 */
export const partBytes = (offset: number): number =>
  Math.max(leastBytes, Math.ceil(offset / 1250 / MiB) * MiB);
