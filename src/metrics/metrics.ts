import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';

const prefix = 'logs_collector_';

/** An upload that ended, as it is counted. Nothing in a label names a ticket, a customer or a file. */
export interface EndedUpload {
  readonly way: string;
  /** The code of what made it fail; null where it was stored. */
  readonly reason: string | null;
  /** What came of it; null where nobody counted. */
  readonly bytes: number | null;
  readonly beganAt: Date;
}

/**
 * What this process counts for `/metrics` while it works: of each application its own, for the library's default
 * registry belongs to the process.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  private readonly attempts = this.counter('upload_attempts_total', 'Attempts taken', ['way']);
  private readonly uploads = this.counter(
    'uploads_total',
    'Uploads that ended; reason is the error code, empty where stored',
    ['way', 'outcome', 'reason'],
  );
  private readonly uploadBytes = this.counter(
    'upload_bytes_total',
    'Bytes of the files that came',
    ['way', 'outcome'],
  );
  private readonly uploadDuration = this.histogram(
    'upload_duration_seconds',
    'From the first header to the end, pauses of resumable ones included',
    ['way', 'outcome'],
    [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400],
  );
  private readonly jobFailures = this.counter('job_failures_total', 'Runs of jobs that failed', [
    'kind',
  ]);
  private readonly steps = this.histogram(
    'archive_commit_duration_seconds',
    'What making an archive durable takes: its bytes in the storage, its rows in the database',
    ['step'],
    [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  );

  /**
   * Lets the series that are counted on begin at 0: one that is not there makes a comparison with it silent, and one
   * that begins with its first event seems not to have grown by it. Failures have theirs by reason, once there is one.
   */
  beginAtZero(ways: readonly string[]): void {
    for (const way of ways) {
      this.attempts.inc({ way }, 0);
      this.uploads.inc({ way, outcome: 'stored', reason: '' }, 0);
      for (const outcome of ['stored', 'failed']) this.uploadBytes.inc({ way, outcome }, 0);
    }
  }

  beginJobsAtZero(kinds: Iterable<string>): void {
    for (const kind of kinds) this.jobFailures.inc({ kind }, 0);
  }

  jobFailed(kind: string): void {
    this.jobFailures.inc({ kind });
  }

  attemptTaken(way: string): void {
    this.attempts.inc({ way });
  }

  uploadEnded({ way, reason, bytes, beganAt }: EndedUpload): void {
    const outcome = reason === null ? 'stored' : 'failed';
    this.uploads.inc({ way, outcome, reason: reason ?? '' });
    this.uploadBytes.inc({ way, outcome }, bytes ?? 0);
    this.uploadDuration.observe({ way, outcome }, (Date.now() - beganAt.getTime()) / 1000);
  }

  /** Times a step that succeeds; one that fails says nothing about how quick the disk is. */
  async timed<Result>(step: 'storage' | 'database', work: () => Promise<Result>): Promise<Result> {
    const end = this.steps.startTimer({ step });
    const result = await work();
    end();
    return result;
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]) {
    return new Counter({ name: prefix + name, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ) {
    const registers = [this.registry];
    return new Histogram({ name: prefix + name, help, labelNames, buckets, registers });
  }
}
