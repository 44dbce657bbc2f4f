/** Failures in a row that cost no wait. */
const free = 5;
const firstWaitMs = 30_000;
const longestWaitMs = 60 * 60_000;

/**
 * How long nobody is heard on an account after so many failures in a row, in milliseconds: nothing at first, from
 * the fifth on half a minute, doubling up to an hour (NIST SP 800-63B, section 3.2.2).
 */
export const waitAfterMs = (failures: number): number =>
  failures < free ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures - free, 20));

/** The first count at which the wait grows no more. */
export const longestWaitFrom = (() => {
  let failures = free;
  while (waitAfterMs(failures) < longestWaitMs) failures += 1;
  return failures;
})();

/** How long a count is kept after the last failure, in milliseconds; longer than any wait. */
export const keptForMs = 24 * 60 * 60_000;
