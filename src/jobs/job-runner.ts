import { Injectable, Logger } from '@nestjs/common';
import { DataSource, IsNull, Not } from 'typeorm';
import { Metrics } from '../metrics/metrics.js';
import { Handlers } from './handlers.js';
import type { JobHandler } from './handlers.js';
import { JobLease } from './job-lease.js';
import type { DueJob } from './job-lease.js';
import { Job } from './job.entity.js';
import { LeaseLost, WorkInterrupted } from './jobs.errors.js';
import { JobsService } from './jobs.service.js';
import { waitingOfKind } from './jobs.statements.js';

/** What another process enqueued, or came due, is found this soon. */
const lookEveryMs = 1_000;
/** What this process enqueued, this soon: its transaction has mostly been committed by then. */
const lookSoonMs = 20;

interface Run {
  readonly id: string;
  readonly handler: JobHandler;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Runs due jobs, as many of each kind as its limit allows in all processes together. One conditional update claims a
 * job, and a unique key (kind, slot) keeps the limit, so that workers of any number of processes need no lock.
 */
@Injectable()
export class JobRunner {
  private readonly log = new Logger(JobRunner.name);
  private readonly runs = new Set<Run>();
  private kinds: ReadonlyMap<string, JobHandler> = new Map();
  private timer: NodeJS.Timeout | null = null;
  /** When the timer ends, by performance.now. */
  private dueMs = 0;
  /** Something was enqueued or ended during a look, which may have missed it. */
  private isWanted = false;
  private looking: Promise<void> | null = null;
  private isStopped = true;
  private isFailing = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly handlers: Handlers,
    private readonly jobs: JobsService,
    private readonly metrics: Metrics,
  ) {}

  /** Begins to work; neither a command nor a process that only serves does. */
  start(): void {
    this.kinds = this.handlers.jobs();
    this.isStopped = false;
    this.metrics.beginJobsAtZero(this.kinds.keys());
    this.jobs.whenEnqueued(() => this.lookIn(lookSoonMs));
    if (this.kinds.size > 0) this.lookIn(0);
  }

  /**
   * Claims no more, lets what runs end within the grace, then aborts it and gives it back.
   * @returns when nothing runs any more
   */
  async stop(graceMs: number): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const timer = setTimeout(() => {
      for (const { abort } of this.runs) abort.abort(new WorkInterrupted());
    }, graceMs);
    await this.looking;
    await Promise.all([...this.runs].map(({ ended }) => ended));
    clearTimeout(timer);
  }

  /** Looks once at all kinds, and begins what may run. @returns how many it began */
  async look(now = new Date()): Promise<number> {
    let begun = 0;
    for (const handler of this.kinds.values()) begun += await this.lookAt(handler, now);
    return begun;
  }

  /** Looks after this time at the latest: steady enqueuing must not postpone the look. */
  private lookIn(ms: number): void {
    if (this.isStopped) return;
    const dueMs = performance.now() + ms;
    if (this.timer && this.dueMs <= dueMs) return;
    if (this.timer) clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => void this.turn(), ms);
    this.timer.unref();
  }

  private async turn(): Promise<void> {
    this.timer = null;
    this.isWanted = this.looking !== null;
    if (this.looking) return;
    this.looking = this.look().then(
      () => void (this.isFailing = false),
      (cause: unknown) => {
        // Once, and not each second of an outage.
        if (!this.isFailing) this.log.error({ event: 'jobs.unavailable', err: cause });
        this.isFailing = true;
      },
    );
    await this.looking;
    this.looking = null;
    this.lookIn(this.isWanted ? 0 : lookEveryMs);
  }

  private async lookAt(handler: JobHandler, now: Date): Promise<number> {
    const { kind, limit } = handler;
    if (this.runningOf(kind) >= limit) return 0;
    const { manager } = this.dataSource;
    const held = await manager.find(Job, {
      select: { id: true, slot: true, dueAt: true, attempts: true },
      where: { kind, slot: Not(IsNull()) },
    });
    let begun = 0;
    // Lost runs come first, since they hold places of their kind.
    for (const { id, slot, dueAt, attempts } of held) {
      if (slot === null || dueAt > now || this.isRunning(id)) continue;
      const seen = { id, due: dueAt.getTime() };
      if (attempts >= handler.tries) await this.giveUp(kind, seen);
      else if (await this.claim(handler, seen, slot)) begun += 1;
    }
    const taken = new Set(held.map(({ slot }) => slot));
    const free = Array.from({ length: limit }, (_, slot) => slot).filter((one) => !taken.has(one));
    if (free.length === 0) return begun;
    for (const row of await waitingOfKind.rows(manager, { kind, now: now.getTime() })) {
      const [slot] = free;
      if (slot === undefined) break;
      const seen = { id: String(row['id']), due: Number(row['due']) };
      if (!(await this.claim(handler, seen, slot))) continue;
      free.shift();
      begun += 1;
    }
    return begun;
  }

  private async claim(handler: JobHandler, seen: DueJob, slot: number): Promise<boolean> {
    if (this.isStopped) return false;
    const lease = await JobLease.claim(this.dataSource, handler, seen, slot);
    if (lease) this.begin(handler, lease);
    return lease !== null;
  }

  /** Each of its runs ended with its process, or lost its lease: the job may be the cause. */
  private async giveUp(kind: string, seen: DueJob): Promise<void> {
    if (!(await JobLease.giveUp(this.dataSource, seen))) return;
    this.metrics.jobFailed(kind);
    this.log.error({ event: 'job.dead', jobId: seen.id, kind });
  }

  /** Whether this process runs it, even if an outage outlived its lease: that is renewed when the database is back. */
  private isRunning(id: string): boolean {
    return [...this.runs].some((run) => run.id === id && !run.abort.signal.aborted);
  }

  private runningOf(kind: string): number {
    return [...this.runs].filter(({ handler }) => handler.kind === kind).length;
  }

  private begin(handler: JobHandler, lease: JobLease): void {
    const abort = new AbortController();
    const ended = this.run(handler, lease, abort);
    const run = { id: lease.job.id, handler, abort, ended };
    // Not by the job's id: a run that lost its lease may still be ending when this process begins the next one.
    this.runs.add(run);
    void ended.finally(() => {
      this.runs.delete(run);
      this.lookIn(0);
    });
  }

  private async run(handler: JobHandler, lease: JobLease, abort: AbortController): Promise<void> {
    const { job, payload } = lease;
    const { id: jobId, kind } = job;
    const renewing = setInterval(() => {
      lease.renew().catch((cause: unknown) => {
        // A database that is away says nothing about the lease, which outlives a short outage.
        if (cause instanceof LeaseLost) abort.abort(cause);
      });
    }, handler.leaseMs / 3);
    renewing.unref();
    try {
      await handler.run({ job, payload, signal: abort.signal });
      await lease.finish();
    } catch (thrown) {
      const cause: unknown = abort.signal.aborted ? abort.signal.reason : thrown;
      await this.failed(lease, cause, { jobId, kind });
    } finally {
      clearInterval(renewing);
    }
  }

  private async failed(
    lease: JobLease,
    cause: unknown,
    about: { readonly jobId: string; readonly kind: string },
  ): Promise<void> {
    if (cause instanceof LeaseLost) {
      this.log.warn({ event: 'job.lost', ...about });
      return;
    }
    try {
      const state = await lease.fail(cause);
      const event = state === 'dead' ? 'job.dead' : 'job.failed';
      if (cause instanceof WorkInterrupted) {
        this.log.log({ event: 'job.given-back', ...about });
        return;
      }
      this.metrics.jobFailed(about.kind);
      this.log.error({ event, ...about, err: cause });
    } catch (failure) {
      // The lease ends and another run begins: nothing is lost but time.
      this.log.error({ event: 'job.unsettled', ...about, err: failure });
    }
  }
}
