import { Injectable } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { SessionsService } from './sessions.service.js';

/** Drops ended sessions by the clock, in a serving process. */
@Injectable()
export class SessionsSchedule {
  constructor(private readonly sessions: SessionsService) {}

  @Cron(CronExpression.EVERY_10_MINUTES, { waitForCompletion: true })
  async everyTenMinutes(): Promise<void> {
    await this.sessions.removeExpired(new Date());
  }
}
