import type { DataSource } from 'typeorm';
import { withoutPasswords } from '../config/credentials.js';
import { isUniqueViolation } from '../database/errors.js';
import { newId, secretPattern } from '../secrets/secrets.js';
import { backoffMs } from './backoff.policy.js';
import type { JobOptions } from './decorators.js';
import { Job } from './job.entity.js';
import { LeaseLost, WorkInterrupted } from './jobs.errors.js';
import { claimJob, renewLease } from './jobs.statements.js';

export type KindRules = Required<JobOptions>;

/** A due job, as it was seen before anybody claimed it. */
export interface DueJob {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly due: number;
}

/** Operators read it. PostgreSQL refuses a NUL, which a message may quote from a hostile file, and the job would never end. */
const sentence = (cause: unknown): string =>
  withoutPasswords(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause))
    .replace(secretPattern, '[secret]')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 500)
    .toWellFormed();

/**
 * One run of a job. Its row names the lease, and every change asks for it: a run that was taken for lost can neither
 * renew, finish nor fail the job that somebody else runs by then.
 */
export class JobLease {
  private constructor(
    private readonly dataSource: DataSource,
    private readonly rules: KindRules,
    private readonly lease: string,
    readonly job: Pick<Job, 'id' | 'kind' | 'subject' | 'attempts'>,
    readonly payload: unknown,
  ) {}

  /** @returns null where another worker was faster, or its kind has no place left */
  static async claim(
    dataSource: DataSource,
    rules: KindRules,
    due: DueJob,
    slot: number,
  ): Promise<JobLease | null> {
    const lease = newId();
    const until = Date.now() + rules.leaseMs;
    const { id, due: seen } = due;
    try {
      const [row] = await claimJob.rows(dataSource.manager, { id, seen, slot, lease, until });
      if (!row) return null;
      const job = {
        id,
        kind: rules.kind,
        subject: row['subject'] as string | null,
        attempts: Number(row['attempts']),
      };
      return new JobLease(dataSource, rules, lease, job, JSON.parse(String(row['payload'])));
    } catch (cause) {
      // Another worker took the place at this moment.
      if (isUniqueViolation(cause)) return null;
      throw cause;
    }
  }

  /**
   * Ends a job whose last allowed run was lost, so that one that kills its process does not do so for ever.
   * @returns false where somebody else changed it meanwhile
   */
  static async giveUp(dataSource: DataSource, { id, due }: DueJob): Promise<boolean> {
    const { affected } = await dataSource.manager.update(
      Job,
      { id, dueAt: new Date(due), state: 'running' },
      {
        state: 'dead',
        dueAt: new Date(),
        lease: null,
        slot: null,
        lastError: 'the process ended while it ran, or lost its lease',
      },
    );
    return affected === 1;
  }

  /** @throws LeaseLost */
  async renew(): Promise<void> {
    const { id } = this.job;
    const until = Date.now() + this.rules.leaseMs;
    const { manager } = this.dataSource;
    if ((await renewLease.change(manager, { id, lease: this.lease, until })) !== 1)
      throw new LeaseLost();
  }

  /** The work is done. @throws LeaseLost where another run has begun meanwhile */
  async finish(): Promise<void> {
    const { id } = this.job;
    const { affected } = await this.dataSource.manager.delete(Job, { id, lease: this.lease });
    if (affected !== 1) throw new LeaseLost();
  }

  /** The run failed: the job waits and is tried again, or is dead. @returns which */
  async fail(cause: unknown): Promise<'waiting' | 'dead'> {
    const { attempts } = this.job;
    // A process that ends is not the job's fault: that run does not count.
    if (cause instanceof WorkInterrupted) {
      await this.release({ state: 'waiting', dueAt: new Date(), attempts: attempts - 1 });
      return 'waiting';
    }
    const state = attempts < this.rules.tries ? 'waiting' : 'dead';
    const waitMs = state === 'dead' ? 0 : backoffMs(attempts, Math.random());
    const dueAt = new Date(Date.now() + waitMs);
    await this.release({ state, dueAt, lastError: sentence(cause) });
    return state;
  }

  private async release(change: Partial<Job>): Promise<void> {
    const { id } = this.job;
    const { affected } = await this.dataSource.manager.update(
      Job,
      { id, lease: this.lease },
      { ...change, lease: null, slot: null },
    );
    if (affected !== 1) throw new LeaseLost();
  }
}
