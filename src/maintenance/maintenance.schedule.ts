import { Injectable } from '@nestjs/common';
import { Cron, CronExpression, Interval } from '@nestjs/schedule';
import { DownloadLinks } from '../archives/downloads/download-links.service.js';
import { RetentionService } from '../deletion/retention.service.js';
import { SideCarsService } from '../uploads/side-cars/side-cars.service.js';
import { HoldsElsewhere } from '../uploads/resumable/holds-elsewhere.service.js';
import { ResumableRows } from '../uploads/resumable/resumable-rows.service.js';
import { ScrubService } from './scrub.service.js';
import { SweepService } from './sweep.service.js';

const oneAtATime = { waitForCompletion: true } as const;

/** What runs by the clock in a serving process. Replicas may all do it: each step is decided by the database. */
@Injectable()
export class MaintenanceSchedule {
  constructor(
    private readonly sweeps: SweepService,
    private readonly resumables: ResumableRows,
    private readonly elsewhere: HoldsElsewhere,
    private readonly retention: RetentionService,
    private readonly links: DownloadLinks,
    private readonly sideCars: SideCarsService,
    private readonly scrubs: ScrubService,
  ) {}

  @Cron(CronExpression.EVERY_MINUTE, oneAtATime)
  async everyMinute(): Promise<void> {
    await this.sweeps.finish();
  }

  /** It works for hours, and asking again meanwhile does nothing. */
  @Interval(60_000)
  scrub(): void {
    void this.scrubs.run();
  }

  /** A client waits for it. */
  @Interval(1_000)
  async heedOthers(): Promise<void> {
    await this.elsewhere.heed();
  }

  /** An attempt that nobody uses any more is the customer's again within seconds. */
  @Cron(CronExpression.EVERY_5_SECONDS, oneAtATime)
  async everyFiveSeconds(): Promise<void> {
    await this.resumables.expire(new Date());
  }

  @Cron(CronExpression.EVERY_10_MINUTES, oneAtATime)
  async everyTenMinutes(): Promise<void> {
    await this.links.removeExpired(new Date());
    await this.sideCars.removeExpired(new Date());
    await this.retention.expire(new Date());
  }
}
