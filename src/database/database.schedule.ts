import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Instance } from './instance.js';

/** What a serving process owes the database by the clock, whichever features it has. */
@Injectable()
export class DatabaseSchedule {
  constructor(private readonly instance: Instance) {}

  /** Often enough that no other process takes this one for dead after the database was away for a moment. */
  @Interval(1_000)
  async everySecond(): Promise<void> {
    await this.instance.keep();
  }
}
