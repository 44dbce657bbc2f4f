import { Injectable } from '@nestjs/common';
import { Cron, CronExpression, Interval } from '@nestjs/schedule';
import { SourcesService } from './sources.service.js';

/** Saves and drops by the clock, in a serving process. */
@Injectable()
export class SourcesSchedule {
  private isSaving = false;

  constructor(private readonly sources: SourcesService) {}

  /** No cron job: each second, one tells standard error whenever it was late. */
  @Interval(1_000)
  async everySecond(): Promise<void> {
    if (this.isSaving) return;
    this.isSaving = true;
    await this.sources.save().finally(() => (this.isSaving = false));
  }

  @Cron(CronExpression.EVERY_10_MINUTES, { waitForCompletion: true })
  async everyTenMinutes(): Promise<void> {
    await this.sources.removeOld(new Date());
  }
}
