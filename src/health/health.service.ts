import { Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult, HealthIndicatorResult } from '@nestjs/terminus';
import { ServiceUnavailableException } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Instance } from '../database/instance.js';
import { Draining } from '../http/draining.js';
import { BlobStore } from '../storage/blob-store.js';
import { FreeSpace } from '../storage/free-space.js';
import type { CheckState, HealthView } from './health.dto.js';

/** A check that takes longer has failed: an orchestrator would not wait either. */
const checkTimeoutMs = 3_000;

/** A look at an object store is several requests that cost money, and anybody may ask. */
const believedMs = 1_000;

type Name = keyof HealthView['checks'];

@Injectable()
export class HealthService {
  private looking: Promise<HealthView> | null = null;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly space: FreeSpace,
    private readonly instance: Instance,
    private readonly draining: Draining,
  ) {}

  /** Anybody may ask, and as often as they like: those who ask at once share one look. */
  check(): Promise<HealthView> {
    this.looking ??= this.look().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async look(): Promise<HealthView> {
    const result = await this.health
      .check([
        () => this.indicate('database', () => this.dataSource.query('SELECT 1')),
        () => this.indicate('storage', () => this.store.probe(believedMs)),
        () =>
          this.indicate('freeSpace', async () => {
            if ((await this.space.available()) === 0) throw new Error('below MIN_FREE_BYTES');
            if (!(await this.instance.hasReserve())) throw new Error('the reserve is used');
          }),
        () =>
          this.indicate('accepting', () =>
            this.draining.isDraining ? Promise.reject(new Error('draining')) : Promise.resolve(),
          ),
      ])
      .catch((cause: unknown) => {
        if (cause instanceof ServiceUnavailableException)
          return cause.getResponse() as HealthCheckResult;
        throw cause;
      });
    const stateOf = (name: Name): CheckState =>
      result.details[name]?.status === 'up' ? 'up' : 'down';
    return {
      status: result.status === 'ok' ? 'ok' : 'error',
      checks: {
        database: stateOf('database'),
        storage: stateOf('storage'),
        freeSpace: stateOf('freeSpace'),
        accepting: stateOf('accepting'),
      },
    };
  }

  private async indicate(name: Name, work: () => Promise<unknown>): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(name);
    const late = AbortSignal.timeout(checkTimeoutMs);
    try {
      await Promise.race([
        work(),
        new Promise((_resolve, reject) => {
          late.addEventListener('abort', () => reject(new Error('too late')));
        }),
      ]);
      return indicator.up();
    } catch {
      return indicator.down();
    }
  }
}
