import { DataSource } from 'typeorm';
import type { Handlers, JobHandler, PeriodicHandler } from '../../src/jobs/handlers.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { Job } from '../../src/jobs/job.entity.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { startedService } from './service.js';
import type { TestService } from './service.js';

/** One process among several: a runner of its own on the same database. */
export interface Worker {
  readonly metrics: Metrics;
  readonly jobs: JobsService;
  readonly runner: JobRunner;
}

export const handling = (
  handlers: readonly JobHandler[],
  periodic: readonly PeriodicHandler[] = [],
): Handlers =>
  ({
    jobs: () => new Map(handlers.map((one) => [one.kind, one])),
    periodic: () => periodic,
  }) as unknown as Handlers;

export const handler = (run: JobHandler['run'], rules: Partial<JobHandler> = {}): JobHandler => ({
  kind: 'count',
  limit: 1,
  tries: 3,
  leaseMs: 60_000,
  ...rules,
  run,
});

/** A handler that runs until it is let go. */
export const gate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
};

/** The queue of one service for a file of stories, and workers on it, which end with each story. */
export const jobQueue = () => {
  let queue: JobQueue;
  beforeAll(async () => (queue = await JobQueue.started()));
  afterEach(() => queue.empty());
  return {
    service: () => queue.service,
    dataSource: () => queue.dataSource,
    worker: (...handlers: JobHandler[]) => queue.worker(...handlers),
    all: () => queue.all(),
    makeDue: () => queue.makeDue(),
  };
};

class JobQueue {
  private readonly runners: JobRunner[] = [];

  private constructor(
    readonly service: TestService,
    readonly dataSource: DataSource,
  ) {}

  static async started(): Promise<JobQueue> {
    const service = await startedService();
    return new JobQueue(service, service.app.get(DataSource));
  }

  worker(...handlers: JobHandler[]): Worker {
    const [jobs, metrics] = [new JobsService(this.dataSource), new Metrics()];
    const runner = new JobRunner(this.dataSource, handling(handlers), jobs, metrics);
    runner.start();
    this.runners.push(runner);
    return { jobs, runner, metrics };
  }

  all(): Promise<Job[]> {
    return this.dataSource.manager.find(Job, { order: { id: 'ASC' } });
  }

  /** Lets all leases and waits end, as time would. */
  async makeDue(): Promise<void> {
    await this.dataSource.manager.updateAll(Job, { dueAt: new Date(0) });
  }

  async empty(): Promise<void> {
    await Promise.all(this.runners.splice(0).map((runner) => runner.stop(0)));
    await this.dataSource.manager.deleteAll(Job);
  }
}
