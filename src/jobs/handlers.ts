import { Injectable } from '@nestjs/common';
import { everyKey, onJobKey } from './decorators.js';
import type { JobOptions, JobRun, PeriodicOptions } from './decorators.js';
import type { KindRules } from './job-lease.js';
import { JobKindUnclear } from './jobs.errors.js';
import { MarkedMethods } from './marked-methods.js';

export interface JobHandler extends KindRules {
  readonly run: (run: JobRun) => Promise<unknown>;
}

export interface PeriodicHandler extends PeriodicOptions {
  /** `Class.method`, under which the database knows when it is due. */
  readonly name: string;
  readonly run: (now: Date) => Promise<unknown>;
}

/** Finds what providers have marked with @OnJob and @Every. */
@Injectable()
export class Handlers {
  constructor(private readonly methods: MarkedMethods) {}

  /** @throws JobKindUnclear where two handle the same kind */
  jobs(): ReadonlyMap<string, JobHandler> {
    const found = new Map<string, JobHandler>();
    for (const { mark, run } of this.methods.of<JobOptions>(onJobKey)) {
      if (found.has(mark.kind)) throw new JobKindUnclear(`two handlers of ${mark.kind}`);
      found.set(mark.kind, { limit: 1, tries: 8, leaseMs: 60_000, ...mark, run });
    }
    return found;
  }

  periodic(): readonly PeriodicHandler[] {
    return this.methods
      .of<PeriodicOptions>(everyKey)
      .map(({ name, mark, run }) => ({ ...mark, name, run }));
  }
}
