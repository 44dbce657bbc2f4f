import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { insertRow } from '../database/insert.js';
import { newId } from '../secrets/secrets.js';
import { Job } from './job.entity.js';
import type { JobState } from './job.entity.js';

export interface NewJob {
  readonly kind: string;
  readonly subject?: string | null;
  /** Whatever JSON can hold; never a secret. */
  readonly payload?: unknown;
  /** Not before; at once where it is left out. */
  readonly dueAt?: Date;
}

export interface JobCounts {
  readonly kind: string;
  readonly state: JobState;
  readonly count: number;
  /** The oldest of them was enqueued then. */
  readonly oldest: Date;
}

/** The queue as features and operators see it. */
@Injectable()
export class JobsService {
  private onEnqueued: () => void = () => undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Enqueues a job in the caller's transaction: where that rolls back, it never runs. @returns its id */
  async enqueue(tx: EntityManager, { kind, subject, payload, dueAt }: NewJob): Promise<string> {
    const [id, now] = [newId(), new Date()];
    await insertRow(tx, Job, {
      id,
      kind,
      subject: subject ?? null,
      payload: JSON.stringify(payload ?? null),
      state: 'waiting',
      dueAt: dueAt ?? now,
      attempts: 0,
      createdAt: now,
    });
    this.onEnqueued();
    return id;
  }

  /** Calls back soon after something was enqueued in this process, which may be before its commit. */
  whenEnqueued(callback: () => void): void {
    this.onEnqueued = callback;
  }

  /** Newest first. */
  async list(
    filter: { readonly state?: JobState; readonly kind?: string },
    limit = 200,
  ): Promise<readonly Job[]> {
    const jobs = this.dataSource.createQueryBuilder(Job, 'job');
    if (filter.state) jobs.andWhere('job.state = :state', { state: filter.state });
    if (filter.kind) jobs.andWhere('job.kind = :kind', { kind: filter.kind });
    return jobs.orderBy('job.id', 'DESC').limit(limit).getMany();
  }

  /** Lets a dead job run again, with all its tries. @returns false where there is no such dead job */
  async retry(id: string): Promise<boolean> {
    const { affected } = await this.dataSource.manager.update(
      Job,
      { id, state: 'dead' },
      { state: 'waiting', dueAt: new Date(), attempts: 0 },
    );
    if (affected === 1) this.onEnqueued();
    return affected === 1;
  }

  async counts(): Promise<readonly JobCounts[]> {
    const rows = await this.dataSource
      .createQueryBuilder(Job, 'job')
      .select('job.kind', 'kind')
      .addSelect('job.state', 'state')
      .addSelect('COUNT(*)', 'count')
      .addSelect('MIN(job.createdAt)', 'oldest')
      .groupBy('job.kind')
      .addGroupBy('job.state')
      .getRawMany<{ kind: string; state: JobState; count: string; oldest: string }>();
    return rows.map(({ kind, state, count, oldest }) => ({
      kind,
      state,
      count: Number(count),
      oldest: new Date(Number(oldest)),
    }));
  }
}
