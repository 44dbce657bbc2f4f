import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { DomainError } from '../../errors/domain-error.js';
import { NotFound } from '../../errors/errors.js';
import { UploadLeases } from '../intake/upload-leases.service.js';
import { Every } from '../../jobs/decorators.js';
import { AbandonedUploads } from '../records/abandoned-uploads.service.js';
import { Upload } from '../records/upload.entity.js';
import { UploadHolders } from '../records/upload-holders.service.js';
import type { HeldRow } from '../records/upload-holders.service.js';
import { UploadBusy } from '../records/uploads.errors.js';
import { UploadsService } from '../records/uploads.service.js';
import { ResumeCache } from './resume-cache.js';

/** What is known of an upload while a request holds it. */
export type HeldUpload = Omit<HeldRow, 'token' | 'instance' | 'givenUp'>;

/** The rows of unfinished resumable uploads. */
@Injectable()
export class ResumableRows {
  constructor(
    private readonly dataSource: DataSource,
    private readonly uploads: UploadsService,
    private readonly abandoned: AbandonedUploads,
    private readonly holders: UploadHolders,
    private readonly leases: UploadLeases,
    private readonly cache: ResumeCache,
    private readonly config: Config,
  ) {}

  /** @throws NotFound for one that is unknown, another token's, or expired */
  async find(id: string, tokenId: string): Promise<Upload> {
    const row = await this.rowOf(id, tokenId);
    if (!row || (row.writer === null && this.uploads.isExpired(row))) throw new NotFound('upload');
    return row;
  }

  /** This token's; null where it has no such upload. */
  rowOf(id: string, tokenId: string): Promise<Upload | null> {
    return this.dataSource.manager.findOneBy(Upload, { id, tokenId, way: 'tus' });
  }

  /** Why a hold is one no more: another process took over; it was ended; its ticket was deleted. */
  async lost({ id, tokenId }: Pick<HeldRow, 'id' | 'tokenId'>): Promise<DomainError> {
    if (await this.dataSource.manager.existsBy(Upload, { id })) return new UploadBusy();
    return this.uploads.tokenOf(tokenId).then(
      () => new NotFound('upload'),
      (cause: unknown) => {
        if (cause instanceof DomainError) return cause;
        throw cause;
      },
    );
  }

  /** Keeps the length of an upload that began without one, or how much of it is proved. */
  async note(
    { id, writer }: HeldUpload,
    known: Partial<Pick<Upload, 'declaredBytes' | 'provedBytes' | 'sha256'>>,
  ): Promise<void> {
    await this.dataSource.manager.update(Upload, { id, writer }, known);
  }

  /** Ends what nobody has resumed for UPLOAD_EXPIRY, and what came by a token that was revoked. Returns how many. */
  @Every(5_000, 'each')
  async expire(now: Date): Promise<number> {
    await this.holders.releaseLate();
    const rows = await this.dataSource
      .createQueryBuilder(Upload, 'upload')
      .innerJoinAndSelect('upload.token', 'token')
      .where('upload.way = :way', { way: 'tus' })
      .andWhere('(upload.activeAt < :before OR token.revokedAt IS NOT NULL)', {
        before: now.getTime() - 1000 * this.config.UPLOAD_EXPIRY,
      })
      .getMany();
    let ended = 0;
    for (const row of rows) {
      if (!(await this.abandoned.end(row, row.token?.revokedAt ? 'revoked' : 'expired'))) continue;
      this.cache.drop(row.id);
      this.leases.drop(row.id);
      ended += 1;
    }
    return ended;
  }
}
