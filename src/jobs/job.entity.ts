import { Entity, Index } from 'typeorm';
import { Id, Instant, Line, LongText, Whole } from '../database/columns.js';

export const jobStates = ['waiting', 'running', 'dead'] as const;
/** A job that succeeded has no row any more; a dead one waits for an operator. */
export type JobState = (typeof jobStates)[number];

/** Work to do after a transaction, kept by the database until it is done. */
@Entity('jobs')
@Index('ix_jobs_kind_due_at', ['kind', 'dueAt'], { where: "state <> 'dead'" })
@Index('ix_jobs_state_id', ['state', 'id'])
@Index('uq_jobs_kind_slot', ['kind', 'slot'], { unique: true })
export class Job {
  @Id('jobs')
  id!: string;

  /** Name of its handler. */
  @Line('kind', 64)
  kind!: string;

  /** Id of what it is about; never anything of a customer's. */
  @Line('subject', 64, { nullable: true })
  subject!: string | null;

  /** What else the handler needs to know, as JSON; never a secret. */
  @LongText('payload')
  payload!: string;

  @Line('state', 8)
  state!: JobState;

  /** Waiting: when it may run. Running: when its lease ends and any worker may take it over. Dead: when it failed. */
  @Instant('due_at')
  dueAt!: Date;

  /** Runs begun since it was enqueued or retried; those that were given back do not count. */
  @Whole('attempts')
  attempts!: number;

  /** Names the one run that holds the lease. */
  @Line('lease', 36, { nullable: true })
  lease!: string | null;

  /** One of its kind's places, while it runs: the unique key keeps the kind's limit across processes. */
  @Whole('slot', { nullable: true })
  slot!: number | null;

  /** Why the last run failed. */
  @Line('last_error', 500, { nullable: true })
  lastError!: string | null;

  @Instant('created_at')
  createdAt!: Date;
}
