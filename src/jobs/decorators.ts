import { SetMetadata } from '@nestjs/common';
import type { Job } from './job.entity.js';

export interface JobOptions {
  readonly kind: string;
  /** How many run at once, in all processes together. */
  readonly limit?: number;
  /** Runs after which a job that keeps failing is dead. */
  readonly tries?: number;
  /** A run that has not renewed its lease for this long counts as lost; it renews it three times in this time. */
  readonly leaseMs?: number;
}

export interface PeriodicOptions {
  readonly everyMs: number;
  /**
   * Of several processes, which do it:
   * 'one': of those that work, one at a time for all;
   * 'each-worker': each of those that work, and the method itself arbitrates;
   * 'each': each, also one that only serves: its own requests, counts and files are nobody else's to look after.
   */
  readonly by: 'each' | 'each-worker' | 'one';
}

/** What a handler is given. It runs at least once, so that doing it twice must do no harm. */
export interface JobRun {
  readonly job: Pick<Job, 'id' | 'kind' | 'subject' | 'attempts'>;
  readonly payload: unknown;
  /** Aborted when the lease is lost, or when the process is about to end: stop soon, and throw. */
  readonly signal: AbortSignal;
}

export const minuteMs = 60_000;

export const onJobKey = 'logs-collector:on-job';
export const everyKey = 'logs-collector:every';

/** Marks the method of a provider that runs jobs of this kind: `(run: JobRun) => Promise<void>`. */
export const OnJob = (options: JobOptions): MethodDecorator => SetMetadata(onJobKey, options);

/** Marks a provider's method that runs by the clock in services, not in commands, and never overlaps with itself. */
export const Every = (everyMs: number, by: PeriodicOptions['by'] = 'one'): MethodDecorator =>
  SetMetadata(everyKey, { everyMs, by } satisfies PeriodicOptions);
