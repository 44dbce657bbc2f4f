import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Gauge, collectDefaultMetrics } from 'prom-client';
import { DataSource, IsNull } from 'typeorm';
import { Archive } from '../../archives/archive.entity.js';
import { Upload, ways } from '../../uploads/records/upload.entity.js';
import { UploadsService } from '../../uploads/records/uploads.service.js';
import { original } from '../../storage/blobs/blob-record.entity.js';
import { BlobRegister } from '../../storage/blobs/blob-register.service.js';
import { Tombstone } from '../../storage/blobs/tombstone.entity.js';
import { AuditEvent } from '../../audit/audit-event.entity.js';
import { Config } from '../../config/config.js';
import { HealthService } from '../health.service.js';
import { Handlers } from '../../jobs/handlers.js';
import { jobStates } from '../../jobs/job.entity.js';
import { JobsService } from '../../jobs/jobs.service.js';
import type { JobCounts } from '../../jobs/jobs.service.js';
import { Metrics } from '../../metrics/metrics.js';
import { BlobStore } from '../../storage/blob-store.js';
import { FreeSpace } from '../../storage/free-space.js';
import { version } from '../../version.js';

type Label = Readonly<Record<string, string>>;
type Sample = readonly [labels: Label, value: number];

/** What is looked up when it is asked for. What cannot be looked up just now is left out, and the rest is told. */
@Injectable()
export class GaugesService implements OnModuleInit {
  private kinds: readonly string[] = [];
  private counting: Promise<readonly JobCounts[]> | null = null;

  constructor(
    private readonly metrics: Metrics,
    private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly uploads: UploadsService,
    private readonly health: HealthService,
    private readonly store: BlobStore,
    private readonly blobs: BlobRegister,
    private readonly space: FreeSpace,
    private readonly jobs: JobsService,
    private readonly handlers: Handlers,
  ) {}

  onModuleInit(): void {
    // Watching the event loop and the garbage collector costs something: only where somebody looks.
    if (this.config.METRICS_TOKEN === undefined) return;
    this.metrics.beginAtZero(ways);
    collectDefaultMetrics({ register: this.metrics.registry });
    const { manager } = this.dataSource;
    this.gauge('info', 'The version', ['version'], () => [[{ version }, 1]]);
    this.gauge('uploads_under_way', 'Uploads that this process takes', [], () =>
      one(this.uploads.underWay),
    );
    this.gauge('uploads_unfinished', 'Of all processes, paused ones too', [], async () =>
      one(await manager.count(Upload)),
    );
    this.gauge('tombstones', 'Deleted files whose bytes are still to go', [], async () =>
      one(await manager.count(Tombstone)),
    );
    this.gauge('audit_unsealed', 'Events of the audit that are still to be sealed', [], async () =>
      one(await manager.countBy(AuditEvent, { seq: IsNull() })),
    );
    // Its number alone says little: of a busy service there are always some.
    this.gauge('audit_unsealed_seconds', 'Age of the oldest of them; 0 if none', [], async () => {
      const [oldest] = await manager.find(AuditEvent, {
        select: { id: true, at: true },
        where: { seq: IsNull() },
        order: { id: 'ASC' },
        take: 1,
      });
      return one(oldest ? Math.max(0, (Date.now() - oldest.at.getTime()) / 1000) : 0);
    });
    this.kinds = [...this.handlers.jobs().keys()];
    this.gauge('jobs', 'Jobs in the queue', ['kind', 'state'], () => this.queued());
    this.gauge(
      'jobs_overdue_seconds',
      'How long the job that has been due for longest has waited for a worker; 0 if none waits',
      ['kind'],
      () => this.overdue(),
    );
    this.gauge('archives_damaged', 'Archives whose bytes are not those stored', [], async () =>
      one(await manager.countBy(Archive, { state: 'damaged' })),
    );
    this.gauge('blobs_damaged', 'Damaged bytes, by what they are for', ['role'], async () => {
      const damaged = (await this.blobs.notStored()).filter(({ state }) => state === 'damaged');
      const roles = [original, ...damaged.map(({ role }) => role)];
      return [...new Set(roles)].map((role) => [
        { role },
        damaged.filter((blob) => blob.role === role).length,
      ]);
    });
    this.gauge('storage_bytes', 'The volume of the archives', ['kind'], async () => {
      const space = await this.store.space();
      // An object store: nothing there fills up.
      if (!space) return [];
      const { total, free } = space;
      const room = await this.space.available();
      return [
        [{ kind: 'total' }, total],
        [{ kind: 'free' }, free],
        // Less MIN_FREE_BYTES and what the uploads under way will still write.
        [{ kind: 'room' }, room],
      ];
    });
    this.gauge('up', 'Whether a check of /health/ready is up', ['check'], async () => {
      const { checks } = await this.health.check();
      return Object.entries(checks).map(([check, state]) => [{ check }, state === 'up' ? 1 : 0]);
    });
    this.gauge('probe_seconds', 'One small query; a few bytes written and read', ['of'], () =>
      present([
        this.timed('database', () => this.dataSource.query('SELECT 1')),
        this.timed('storage', () => this.store.probe()),
      ]),
    );
  }

  /** Of every kind that has a handler, those without a job too: a series that is missing raises no alarm. */
  private async queued(): Promise<readonly Sample[]> {
    const counts = await this.counted();
    return this.kindsOf(counts).flatMap((kind) =>
      jobStates.map((state): Sample => {
        const found = counts.find((one) => one.kind === kind && one.state === state);
        return [{ kind, state }, found?.count ?? 0];
      }),
    );
  }

  /** A lost run, whose lease has ended, waits for a worker as well. */
  private async overdue(): Promise<readonly Sample[]> {
    const counts = await this.counted();
    return this.kindsOf(counts).map((kind): Sample => {
      const alive = counts.filter((one) => one.kind === kind && one.state !== 'dead');
      const waits = alive.map(({ firstDue }) => (Date.now() - firstDue.getTime()) / 1000);
      return [{ kind }, Math.max(0, ...waits)];
    });
  }

  /** Once for the gauges of a scrape, which ask at the same moment. */
  private counted(): Promise<readonly JobCounts[]> {
    this.counting ??= this.jobs.counts().finally(() => (this.counting = null));
    return this.counting;
  }

  private kindsOf(counts: readonly JobCounts[]): readonly string[] {
    return [...new Set([...this.kinds, ...counts.map(({ kind }) => kind)])];
  }

  private async timed(of: string, work: () => Promise<unknown>): Promise<Sample> {
    const from = performance.now();
    await work();
    return [{ of }, (performance.now() - from) / 1000];
  }

  private gauge(
    name: string,
    help: string,
    labelNames: string[],
    look: () => readonly Sample[] | Promise<readonly Sample[]>,
  ): void {
    new Gauge({
      name: `logs_collector_${name}`,
      help,
      labelNames,
      registers: [this.metrics.registry],
      async collect() {
        this.reset();
        // Without it the figures of a moment when the database is away would be missing altogether.
        const samples = await Promise.resolve()
          .then(look)
          .catch(() => []);
        for (const [labels, value] of samples) this.set(labels, value);
        // `reset` of one without labels sets it to 0.
        if (samples.length === 0 && labelNames.length === 0) this.remove();
      },
    });
  }
}

const one = (value: number): readonly Sample[] => [[{}, value]];

/** Those that could be measured. */
const present = async (all: readonly Promise<Sample>[]): Promise<readonly Sample[]> =>
  (await Promise.allSettled(all)).flatMap((result) =>
    result.status === 'fulfilled' ? [result.value] : [],
  );
