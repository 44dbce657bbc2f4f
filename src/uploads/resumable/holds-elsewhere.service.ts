import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isPostgres } from '../../database/data-source.js';
import { Instance } from '../../database/instance.js';
import { Every } from '../../jobs/decorators.js';
import { Upload } from '../records/upload.entity.js';
import { UploadHolders } from '../records/upload-holders.service.js';
import { UploadTakenOver } from './resumable.errors.js';

/** The holder looks each second, and then writes down what it has. */
const waitMs = 3_000;
const betweenLooksMs = 100;

/**
 * Ends requests across processes: a request for an upload that another process holds marks that hold as
 * given up, and its process, which looks each second, ends it. A mark names the very hold, so that it never ends a
 * later one.
 */
@Injectable()
export class HoldsElsewhere {
  private readonly log = new Logger('Resumable');

  constructor(
    private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly holders: UploadHolders,
  ) {}

  /** Has the request end that holds the upload, and waits for that, for a while. Whose upload it is was asked before. */
  async end({ id, writer, instance }: Upload): Promise<void> {
    if (writer === null || instance === this.instance.number) return;
    // A dead one holds nothing and would be waited for in vain.
    if (!(await this.instance.looksAlive(instance))) return;
    await this.dataSource.manager.update(Upload, { id, writer }, { givenUp: writer });
    const until = Date.now() + waitMs;
    while (Date.now() < until && (await this.holders.isHolder({ id, writer })))
      await delay(betweenLooksMs);
  }

  /** Ends the requests of this process that others have marked. */
  @Every(1_000, 'each')
  async heed(): Promise<void> {
    if (!this.holders.isHolding || !isPostgres(this.dataSource)) return;
    try {
      const marked = await this.dataSource
        .createQueryBuilder(Upload, 'upload')
        .where('upload.instance = :instance', { instance: this.instance.number })
        .andWhere('upload.givenUp = upload.writer')
        .getMany();
      for (const { id, writer } of marked)
        void this.holders.free(id, new UploadTakenOver(), writer ?? undefined);
    } catch (cause) {
      // The next look is a second away; what fails to reach the database is told by all else that needs it.
      this.log.debug({ event: 'resumable.not-looked', err: cause });
    }
  }
}
