import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { SelectQueryBuilder } from 'typeorm';
import { Archive } from '../archives/archive.entity.js';
import { ReceivedService } from '../uploads/attempts/received.service.js';
import { archiveState } from '../archives/archives.dto.js';
import { Upload } from '../uploads/records/upload.entity.js';
import { UploadsService } from '../uploads/records/uploads.service.js';
import { BlobStore, blobKey } from '../storage/blob-store.js';
import { UploadToken } from '../tickets/tokens/upload-token.entity.js';
import { countedTo, excerpt } from './excerpt.policy.js';
import type { Excerpt } from './excerpt.policy.js';
import type { LatestArchiveView, UploadUnderWayView } from './overview.dto.js';
import { SenderWatch } from './sender-watch.js';

const shownUploads = 12;
const shownArchives = 8;
/** Between two requests of a resumable upload nobody holds it for a moment: that is no pause. */
const breathMs = 5_000;

/** What comes in, and what came. */
@Injectable()
export class ArrivalsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly senders: SenderWatch,
    private readonly underWayHere: UploadsService,
    private readonly receivedOf: ReceivedService,
  ) {}

  /** Uploads under way, of all processes on this database: those being sent first, newest first. */
  async uploads(now: Date): Promise<Excerpt<UploadUnderWayView>> {
    // The partial indexes' own conditions, word for word: SQLite finds them by that.
    const held = await this.underWay()
      .where("(upload.way <> 'tus' OR upload.writer IS NOT NULL)")
      .orderBy('upload.id', 'DESC')
      .getMany();
    const left = await this.underWay()
      .where("upload.way = 'tus' AND upload.writer IS NULL")
      .orderBy('upload.activeAt', 'DESC')
      .addOrderBy('upload.id', 'DESC')
      .getMany();
    const all = [...held, ...left].map((row) => ({ row, isSent: this.isSent(row, now) }));
    const { items, ...counts } = excerpt(
      [...all.filter(({ isSent }) => isSent), ...all.filter(({ isSent }) => !isSent)],
      shownUploads,
    );
    const tickets = await this.ticketsOf(items.map(({ row }) => row.tokenId));
    const views = items.map(({ row, isSent }) =>
      this.view(row, tickets.get(row.tokenId) ?? '', isSent),
    );
    return { ...counts, items: await Promise.all(views) };
  }

  /** The archives that were stored last. */
  async archives(): Promise<readonly LatestArchiveView[]> {
    const rows = await this.dataSource
      .createQueryBuilder(Archive, 'archive')
      .innerJoin('archive.ticket', 'ticket')
      .select(['archive', 'ticket.id', 'ticket.number'])
      .orderBy('archive.uploadedAt', 'DESC')
      .addOrderBy('archive.id', 'DESC')
      .limit(shownArchives)
      .getMany();
    return rows.map((archive) => ({
      id: archive.id,
      ticket: archive.ticket?.number ?? '',
      filename: archive.filename,
      size: archive.size,
      uploadedAt: archive.uploadedAt.toISOString(),
      state: archiveState(archive),
    }));
  }

  private underWay(): SelectQueryBuilder<Upload> {
    return this.dataSource.createQueryBuilder(Upload, 'upload').limit(countedTo + 1);
  }

  /** Numbers of the tickets that these tokens are of: apart, for those few that are shown. */
  private async ticketsOf(tokenIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const tokens = await this.dataSource.manager.find(UploadToken, {
      select: { id: true, ticket: { id: true, number: true } },
      where: { id: In([...tokenIds]) },
      relations: { ticket: true },
    });
    return new Map(tokens.map(({ id, ticket }) => [id, ticket?.number ?? '']));
  }

  private isSent({ way, writer, instance, activeAt }: Upload, now: Date): boolean {
    if (way !== 'tus' || writer !== null) return this.senders.seemsAlive(instance, now);
    return now.getTime() - (activeAt?.getTime() ?? 0) < breathMs;
  }

  private async view(upload: Upload, ticket: string, isSent: boolean): Promise<UploadUnderWayView> {
    const { id, way, declaredBytes, beganAt } = upload;
    return {
      id,
      ticket,
      filename: upload.filename ?? this.underWayHere.nameOf(id),
      way,
      state: isSent ? 'sending' : 'paused',
      bytes: await this.received(upload),
      declaredBytes,
      beganAt: beganAt.toISOString(),
    };
  }

  private async received(upload: Upload): Promise<number | null> {
    try {
      const bytes = await this.receivedOf.bytesOf(upload);
      if (bytes !== null && bytes > 0) return bytes;
      // Whole, and about to be recorded.
      return (await this.store.has(blobKey(upload.id))) ? upload.declaredBytes : bytes;
    } catch {
      // The storage is away: that is told elsewhere.
      return null;
    }
  }
}
