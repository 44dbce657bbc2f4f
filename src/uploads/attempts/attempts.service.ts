import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { pageOf } from '../../http/pages.js';
import type { Page, PageQuery } from '../../http/cursor.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import { Archive } from '../../archives/archive.entity.js';
import { Upload } from '../records/upload.entity.js';
import { UploadsService } from '../records/uploads.service.js';
import { Attempt } from '../records/attempt.entity.js';
import { attemptUnderWay, endedAttempt } from './attempts.dto.js';
import type { AttemptView } from './attempts.dto.js';
import { ReceivedService } from './received.service.js';

/** What came of each upload, for whoever has to answer a customer's "it does not work". */
@Injectable()
export class AttemptsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: UploadTokensService,
    private readonly uploads: UploadsService,
    private readonly received: ReceivedService,
  ) {}

  /** Of one token of a ticket, newest first, those under way before all. @throws NotFound */
  async list(number: string, tokenId: string, query: PageQuery): Promise<Page<AttemptView>> {
    await this.tokens.assertOf(number, tokenId);
    const underWay = query.cursor === undefined ? await this.underWay(tokenId, query.limit) : [];
    const rows = this.dataSource
      .createQueryBuilder(Attempt, 'attempt')
      .where('attempt.tokenId = :tokenId', { tokenId });
    // At least one, so that there is a row for the next page to go on from.
    const limit = Math.max(1, query.limit - underWay.length);
    const ended = await pageOf(rows, { ...query, limit }, (row) => row);
    const archives = await this.dataSource.manager.find(Archive, {
      select: { id: true },
      where: { id: In(ended.items.map(({ id }) => id)) },
    });
    const stored = new Set(archives.map(({ id }) => id));
    return {
      items: [...underWay, ...ended.items.map((row) => endedAttempt(row, stored.has(row.id)))],
      nextCursor: ended.nextCursor,
    };
  }

  private async underWay(tokenId: string, limit: number): Promise<readonly AttemptView[]> {
    const uploads = await this.dataSource.manager.find(Upload, {
      where: { tokenId },
      order: { id: 'DESC' },
      take: limit,
    });
    return Promise.all(
      uploads.map(async (upload) =>
        attemptUnderWay(
          { ...upload, filename: upload.filename ?? this.uploads.nameOf(upload.id) },
          await this.received.bytesOf(upload),
        ),
      ),
    );
  }
}
