import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ArchiveDeletion } from '../archives/archive-deletion.service.js';
import { Archive } from '../archives/archive.entity.js';
import { Tombstones } from '../storage/blobs/tombstones.service.js';
import { systemActor } from '../http/actor.js';
import { Every, minuteMs } from '../jobs/decorators.js';
import { Platform } from '../platforms/platform.entity.js';

const dayMs = 24 * 60 * 60 * 1000;
const batchSize = 500;

/** Deletes archives that are older than their platform keeps them. */
@Injectable()
export class RetentionService {
  private readonly log = new Logger(RetentionService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly archives: ArchiveDeletion,
    private readonly tombstones: Tombstones,
  ) {}

  /** At most one batch of each platform. Returns how many archives went. */
  @Every(10 * minuteMs)
  async expire(now: Date): Promise<number> {
    let expired = 0;
    for (const { id, retentionDays } of await this.dataSource.manager.find(Platform)) {
      if (retentionDays === null) continue;
      const rows = await this.dataSource
        .createQueryBuilder(Archive, 'archive')
        .select('archive.id', 'id')
        .where('archive.platformId = :id', { id })
        .andWhere('archive.uploadedAt < :before', { before: now.getTime() - retentionDays * dayMs })
        .orderBy('archive.id')
        .limit(batchSize)
        .getRawMany<{ id: string }>();
      const released: string[] = [];
      for (const row of rows) {
        const keys = await this.archives.remove(row.id, systemActor, 'archive.expired');
        if (!keys) continue;
        released.push(...keys);
        expired += 1;
      }
      await this.tombstones.bury(released);
    }
    if (expired > 0) this.log.log({ event: 'archives.expired', count: expired });
    return expired;
  }
}
