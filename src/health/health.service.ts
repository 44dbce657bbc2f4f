import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
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

const stateOf = async (check: () => Promise<unknown>): Promise<CheckState> => {
  try {
    const late = pause(checkTimeoutMs, 'down' as const, { ref: false });
    return await Promise.race([check().then(() => 'up' as const), late]);
  } catch {
    return 'down';
  }
};

@Injectable()
export class HealthService {
  private looking: Promise<HealthView> | null = null;

  constructor(
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
    const [database, storage, freeSpace] = await Promise.all([
      stateOf(() => this.dataSource.query('SELECT 1')),
      stateOf(() => this.store.probe(believedMs)),
      stateOf(async () => {
        if ((await this.space.available()) === 0) throw new Error('below MIN_FREE_BYTES');
        if (!(await this.instance.hasReserve())) throw new Error('the reserve is used');
      }),
    ]);
    const accepting = this.draining.isDraining ? 'down' : 'up';
    const checks = { database, storage, freeSpace, accepting } as const;
    const isOk = Object.values(checks).every((state) => state === 'up');
    return { status: isOk ? 'ok' : 'error', checks };
  }
}
