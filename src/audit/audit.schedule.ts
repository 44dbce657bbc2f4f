import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AuditSealer } from './audit-sealer.service.js';

/** Seals the audit by the clock, in a serving process. */
@Injectable()
export class AuditSchedule {
  private isSealing = false;

  constructor(private readonly sealer: AuditSealer) {}

  /** No cron job: each second, one tells standard error whenever it was late. */
  @Interval(1_000)
  async everySecond(): Promise<void> {
    if (this.isSealing) return;
    this.isSealing = true;
    await this.sealer.seal().finally(() => (this.isSealing = false));
  }
}
