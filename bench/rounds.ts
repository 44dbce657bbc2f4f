import { usageDuring } from './process-usage.js';
import type { Usage } from './process-usage.js';

/** One of those that do the same work in turn. */
export interface Contender {
  readonly name: string;
  /** Whose processor time and memory count. */
  readonly pid: number;
  /** What has to stand before its work; not measured. */
  readonly prepare?: () => Promise<void>;
  /** Removes what it left; not measured. */
  readonly clean?: () => Promise<void> | void;
  readonly work: () => Promise<unknown>;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
};

/** The smallest value that this share of all do not exceed. @param share 0.99 for p99 */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.ceil(share * values.length) - 1] ?? NaN;

/** Medians over the rounds; of the memory the highest. */
const middleOf = (usages: readonly Usage[]): Usage => ({
  peakBytes: Math.max(...usages.map(({ peakBytes }) => peakBytes)),
  processorSeconds: median(usages.map(({ processorSeconds }) => processorSeconds)),
  wallSeconds: median(usages.map(({ wallSeconds }) => wallSeconds)),
});

/**
 * Lets the contenders work in turn, round by round, with no pause: what else the machine does then meets all of them.
 * A first round, which is not counted, warms them up. What one of them left goes right before the next one's work: so
 * they all write into the memory that was freed this moment. A virtual machine's host takes back what is free for longer,
 * and whoever comes first would pay for getting it again, several times the cost of the work.
 */
export const interleaved = async (
  rounds: number,
  contenders: readonly Contender[],
): Promise<ReadonlyMap<string, Usage>> => {
  const usages = new Map<string, Usage[]>(contenders.map(({ name }) => [name, []]));
  let last: Contender | null = null;
  for (let round = 0; round <= rounds; round += 1)
    for (const contender of contenders) {
      await last?.clean?.();
      last = contender;
      await contender.prepare?.();
      const usage = await usageDuring(contender.pid, contender.work);
      if (round > 0) usages.get(contender.name)?.push(usage);
    }
  await last?.clean?.();
  return new Map([...usages].map(([name, list]) => [name, middleOf(list)]));
};
