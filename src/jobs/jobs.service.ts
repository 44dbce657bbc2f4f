import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
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

export interface JobFilter {
  readonly state?: JobState;
  readonly kind?: string;
}

export interface JobCounts {
  readonly kind: string;
  readonly state: JobState;
  readonly count: number;
  /** When the first of them was due, or will be. */
  readonly firstDue: Date;
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

  /** For whoever pages through them. */
  matching({ state, kind }: JobFilter): SelectQueryBuilder<Job> {
    const jobs = this.dataSource.createQueryBuilder(Job, 'job');
    if (state) jobs.andWhere('job.state = :state', { state });
    if (kind) jobs.andWhere('job.kind = :kind', { kind });
    return jobs;
  }

  /** Lets a dead job run again, with all its tries. @returns false where there is no such dead job */
  async retry(tx: EntityManager, id: string): Promise<boolean> {
    const { affected } = await tx.update(
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
      .addSelect('MIN(job.dueAt)', 'due')
      .groupBy('job.kind')
      .addGroupBy('job.state')
      .getRawMany<{ kind: string; state: JobState; count: string; due: string }>();
    return rows.map(({ kind, state, count, due }) => ({
      kind,
      state,
      count: Number(count),
      firstDue: new Date(Number(due)),
    }));
  }
}
