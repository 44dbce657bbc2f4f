import { Injectable } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { PasskeyChallenges } from './passkey-challenges.service.js';

/** Drops challenges that nobody answered by the clock, in a serving process. */
@Injectable()
export class PasskeysSchedule {
  constructor(private readonly challenges: PasskeyChallenges) {}

  @Cron(CronExpression.EVERY_5_MINUTES, { waitForCompletion: true })
  async everyFiveMinutes(): Promise<void> {
    await this.challenges.removeExpired(new Date());
  }
}
