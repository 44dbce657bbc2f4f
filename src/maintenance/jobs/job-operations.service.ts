import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFound } from '../../errors/errors.js';
import { EventsService } from '../../events/events.service.js';
import type { Actor } from '../../http/actor.js';
import type { Page } from '../../http/cursor.js';
import { pageOf } from '../../http/pages.js';
import { Job } from '../../jobs/job.entity.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { jobView } from './jobs.dto.js';
import type { JobView, JobsQuery } from './jobs.dto.js';
import { JobNotDead } from './jobs.errors.js';

/** What an operator sees of the jobs, and may do about them. */
@Injectable()
export class JobOperations {
  constructor(
    private readonly dataSource: DataSource,
    private readonly jobs: JobsService,
    private readonly events: EventsService,
  ) {}

  list(query: JobsQuery): Promise<Page<JobView>> {
    return pageOf(this.jobs.matching(query), query, jobView);
  }

  /** Lets a dead job run again, with all its tries. @throws NotFound, JobNotDead */
  retry(id: string, actor: Actor): Promise<JobView> {
    return this.dataSource.transaction(async (tx) => {
      const isRetried = await this.jobs.retry(tx, id);
      const job = await tx.findOneBy(Job, { id });
      if (!job) throw new NotFound('job');
      if (!isRetried) throw new JobNotDead();
      const { kind, subject } = job;
      await this.events.record(tx, actor, {
        name: 'job.retried',
        subject: { kind: 'job', id },
        details: { kind, subject },
      });
      return jobView(job);
    });
  }
}
