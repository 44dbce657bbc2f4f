import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { everyKey, onJobKey } from './decorators.js';
import type { JobOptions, JobRun, PeriodicOptions } from './decorators.js';
import type { KindRules } from './job-lease.js';
import { JobKindUnclear } from './jobs.errors.js';

export interface JobHandler extends KindRules {
  readonly run: (run: JobRun) => Promise<unknown>;
}

export interface PeriodicHandler extends PeriodicOptions {
  /** `Class.method`, under which the database knows when it is due. */
  readonly name: string;
  readonly run: (now: Date) => Promise<unknown>;
}

type Method = (...given: unknown[]) => unknown;

/** Finds what providers have marked with @OnJob and @Every. */
@Injectable()
export class Handlers {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws JobKindUnclear where two handle the same kind */
  jobs(): ReadonlyMap<string, JobHandler> {
    const found = new Map<string, JobHandler>();
    for (const { method, run } of this.methods()) {
      const options = this.reflector.get<JobOptions | undefined>(onJobKey, method);
      if (!options) continue;
      if (found.has(options.kind)) throw new JobKindUnclear(`two handlers of ${options.kind}`);
      found.set(options.kind, {
        limit: 1,
        tries: 8,
        leaseMs: 60_000,
        ...options,
        run: (given) => Promise.resolve(run(given)),
      });
    }
    return found;
  }

  periodic(): readonly PeriodicHandler[] {
    return this.methods().flatMap(({ name, method, run }) => {
      const options = this.reflector.get<PeriodicOptions | undefined>(everyKey, method);
      return options ? [{ ...options, name, run: (now: Date) => Promise.resolve(run(now)) }] : [];
    });
  }

  private methods(): readonly { name: string; method: Method; run: Method }[] {
    return this.discovery.getProviders().flatMap(({ instance, metatype }) => {
      if (typeof instance !== 'object' || instance === null || !metatype) return [];
      const prototype = Object.getPrototypeOf(instance) as object | null;
      if (!prototype) return [];
      return this.scanner.getAllMethodNames(prototype).flatMap((key) => {
        const method = (instance as Record<string, Method | undefined>)[key];
        if (!method) return [];
        return {
          name: `${metatype.name}.${key}`,
          method,
          run: (...given: unknown[]) => method.apply(instance, given),
        };
      });
    });
  }
}
