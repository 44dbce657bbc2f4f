import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { HealthService } from '../health/health.service.js';
import type { HealthView } from '../health/health.dto.js';
import { BlobStore } from '../storage/blob-store.js';
import type { Space } from '../storage/blob-store.js';
import { forecast, lookBackDays, unbounded } from './forecast.policy.js';
import { trouble } from './overview.policy.js';
import type { RoomView, StorageHistoryView, TroubleView } from './overview.dto.js';
import { StoredDays } from './stored-days.service.js';

/** A check writes a file, and the free space changes with every byte: looked at no more often than this. */
const measureEveryMs = 5_000;
const chartDays = 30;
/** So long before uploads are refused somebody should know. */
const warnDays = 7;

interface Measured {
  readonly at: number;
  /** Null where the store has no volume, undefined where it could not be measured. */
  readonly space: Space | null | undefined;
  readonly checks: HealthView['checks'];
}

export interface Room {
  readonly view: RoomView;
  readonly troubles: readonly TroubleView[];
}

/** Free space and how long it lasts, and whether the storage works. A database that does not answers nobody here. */
@Injectable()
export class RoomService {
  private measured: Measured | null = null;

  constructor(
    private readonly days: StoredDays,
    private readonly health: HealthService,
    private readonly store: BlobStore,
    private readonly config: Config,
  ) {}

  async look(now: Date): Promise<Room> {
    const { space, checks } = await this.measure(now);
    const view = await this.view(space, now);
    return { view, troubles: this.troubles(checks, view) };
  }

  /** What was stored on each of the last days, and the room there is. */
  async history(now: Date): Promise<StorageHistoryView> {
    const { space } = await this.measure(now);
    const room = await this.view(space, now);
    return { days: await this.days.last(chartDays, now), room };
  }

  private async view(space: Measured['space'], now: Date): Promise<RoomView> {
    const days = await this.days.last(lookBackDays, now);
    const reserve = this.config.MIN_FREE_BYTES;
    const free = space?.free ?? null;
    const first = await this.days.first(now);
    return {
      total: space?.total ?? null,
      free,
      reserve,
      forecast: space === null ? unbounded : forecast(free, reserve, days, first, now),
    };
  }

  private troubles(checks: HealthView['checks'], view: RoomView): readonly TroubleView[] {
    const { outlook, daysLeft } = view.forecast;
    const isShort = outlook === 'filling' && daysLeft !== null && daysLeft < warnDays;
    // Where the storage is away its space cannot be measured either: one trouble, not two.
    const isDown = checks.storage === 'down';
    const isFull = !isDown && checks.freeSpace === 'down';
    return [
      ...(isDown ? [trouble('storage-down')] : []),
      ...(isFull ? [trouble('space-exhausted')] : []),
      ...(isShort && !isDown && !isFull ? [trouble('space-short')] : []),
    ];
  }

  private async measure(now: Date): Promise<Measured> {
    if (this.measured && now.getTime() - this.measured.at < measureEveryMs) return this.measured;
    const { checks } = await this.health.check();
    const space = await this.store.space().catch(() => undefined);
    return (this.measured = { at: now.getTime(), space, checks });
  }
}
