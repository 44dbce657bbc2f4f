const secondMs = 1_000;
const longestMs = 60 * 60 * secondMs;

/**
 * How long a job waits after its nth failed run, in milliseconds: 5 s, 20 s, 80 s and so on, an hour at most, give or
 * take a fifth, so that what failed together is not tried again together.
 * @param random in [0, 1)
 */
export const backoffMs = (failures: number, random: number): number => {
  const waitMs = Math.min(longestMs, 5 * secondMs * 4 ** (failures - 1));
  return Math.round(waitMs * (0.8 + 0.4 * random));
};
