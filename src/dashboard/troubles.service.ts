import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Archive } from '../archives/archive.entity.js';
import { archiveState } from '../archives/archives.dto.js';
import { Attempt } from '../uploads/records/attempt.entity.js';
import { countedTo } from './excerpt.policy.js';
import { failuresByTicket, trouble } from './overview.policy.js';
import type { TroubleView } from './overview.dto.js';

/** A failure that nobody minded for so long is history. */
const recentMs = 48 * 60 * 60 * 1000;

/** What went wrong with uploads and archives, and still matters. */
@Injectable()
export class TroublesService {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Uploads to open tickets that failed lately, but for those that their customer gave up or an engineer revoked, and
   * those after which the file came all the same.
   */
  async failedUploads(now: Date): Promise<readonly TroubleView[]> {
    const rows = await this.dataSource
      .createQueryBuilder(Attempt, 'attempt')
      .innerJoin('attempt.token', 'token')
      .innerJoin('token.ticket', 'ticket')
      .select(['attempt', 'token.id', 'ticket.id', 'ticket.number'])
      .where("attempt.outcome = 'failed' AND attempt.endedAt > :since", {
        since: now.getTime() - recentMs,
      })
      .andWhere("attempt.reason NOT IN ('ended', 'revoked')")
      .andWhere('ticket.resolved = :no', { no: false })
      .andWhere(
        // Of the ticket, not of its token: so SQLite looks only where the ticket is open.
        'NOT EXISTS (SELECT 1 FROM archives WHERE archives.ticket_id = ticket.id ' +
          'AND archives.uploaded_at >= attempt.ended_at ' +
          'AND (attempt.filename IS NULL OR archives.filename = attempt.filename))',
      )
      .orderBy('attempt.endedAt', 'DESC')
      .addOrderBy('attempt.id', 'DESC')
      .limit(countedTo + 1)
      .getMany();
    return failuresByTicket(
      rows.map(({ filename, reason, bytes, declaredBytes, endedAt, token }) => ({
        ticket: token?.ticket?.number ?? '',
        filename,
        reason,
        bytes,
        declaredBytes,
        endedAt,
      })),
    );
  }

  /** Archives whose bytes are not those that were stored; on open tickets also those that a side-car contradicts. */
  async archives(): Promise<readonly TroubleView[]> {
    const rows = await this.dataSource
      .createQueryBuilder(Archive, 'archive')
      .innerJoin('archive.ticket', 'ticket')
      .select(['archive', 'ticket.id', 'ticket.number'])
      // The partial index's own condition, word for word: SQLite finds it by that.
      .where(
        "(archive.state = 'damaged' OR archive.sha256_claim = 'mismatched' OR archive.md5_claim = 'mismatched')",
      )
      .andWhere("(archive.state = 'damaged' OR ticket.resolved = :no)", { no: false })
      .orderBy('archive.id', 'DESC')
      .limit(countedTo + 1)
      .getMany();
    return rows.map((archive) =>
      trouble(archiveState(archive) === 'damaged' ? 'archive-damaged' : 'archive-mismatched', {
        ticket: archive.ticket?.number ?? '',
        archiveId: archive.id,
        filename: archive.filename,
        at: archive.uploadedAt.toISOString(),
      }),
    );
  }
}
