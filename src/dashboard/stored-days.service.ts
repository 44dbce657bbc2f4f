import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Archive } from '../archives/archive.entity.js';
import { dayOf, daysUntil } from './forecast.policy.js';
import type { StoredDay } from './forecast.policy.js';

const dayMs = 86_400_000;
/** A day that is over changes only by deletions. */
const rememberMs = 60 * 60 * 1000;
const rememberTodayMs = 10_000;

interface Remembered<Value> {
  readonly until: number;
  readonly value: Value;
}

/**
 * What was stored day by day. A busy service stores a hundred thousand archives a day, so each day is added up apart,
 * from an index alone, and remembered.
 */
@Injectable()
export class StoredDays {
  private readonly days = new Map<string, Remembered<StoredDay>>();
  private first_: Remembered<Date | null> | null = null;
  private adding: Promise<readonly StoredDay[]> = Promise.resolve([]);

  constructor(private readonly dataSource: DataSource) {}

  /** The days before this one, and this one as far as it is over; oldest first. One adds up, the others wait for it. */
  last(before: number, now: Date): Promise<readonly StoredDay[]> {
    const added = this.adding.then(() => this.addUp(daysUntil(now, before), now));
    this.adding = added.catch(() => []);
    return added;
  }

  /** When the oldest archive came that is still there. */
  async first(now: Date): Promise<Date | null> {
    if (this.first_ && this.first_.until > now.getTime()) return this.first_.value;
    const oldest = await this.dataSource
      .createQueryBuilder(Archive, 'archive')
      .select(['archive.id', 'archive.uploadedAt'])
      .orderBy('archive.uploadedAt', 'ASC')
      .limit(1)
      .getOne();
    const value = oldest?.uploadedAt ?? null;
    this.first_ = { until: now.getTime() + rememberTodayMs, value };
    return value;
  }

  private async addUp(days: readonly string[], now: Date): Promise<readonly StoredDay[]> {
    for (const day of this.days.keys()) if (day < (days[0] ?? '')) this.days.delete(day);
    const found: StoredDay[] = [];
    for (const day of days) found.push(await this.of(day, now));
    return found;
  }

  private async of(day: string, now: Date): Promise<StoredDay> {
    const known = this.days.get(day);
    if (known && known.until > now.getTime()) return known.value;
    // SQLite answers before anybody else has his turn.
    await setImmediate();
    const from = Date.parse(day);
    const row = await this.dataSource
      .createQueryBuilder(Archive, 'archive')
      .select('COUNT(*)', 'count')
      .addSelect('SUM(archive.size)', 'bytes')
      .where('archive.uploadedAt >= :from AND archive.uploadedAt < :until', {
        from,
        until: from + dayMs,
      })
      .getRawOne<{ count: string | number; bytes: string | number | null }>();
    const value = { day, count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
    const forMs = day === dayOf(now) ? rememberTodayMs : rememberMs;
    this.days.set(day, { until: now.getTime() + forMs, value });
    return value;
  }
}
