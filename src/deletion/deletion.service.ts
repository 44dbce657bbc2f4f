import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import type { Action } from '../audit/audit.actions.js';
import { isForeignKeyViolation } from '../database/errors.js';
import { NotFound } from '../errors/errors.js';
import { systemActor } from '../http/actor.js';
import type { Actor } from '../http/actor.js';
import { Every, minuteMs } from '../jobs/decorators.js';
import { Platform } from '../platforms/platform.entity.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import { Ticket } from '../tickets/ticket.entity.js';
import { TicketsService } from '../tickets/tickets.service.js';
import { UploadToken } from '../tickets/tokens/upload-token.entity.js';
import { Archive } from '../archives/archive.entity.js';
import { Upload } from '../uploads/records/upload.entity.js';
import { Tombstones } from '../archives/tombstones.service.js';
import { PlatformNotEmpty } from './deletion.errors.js';

const dayMs = 24 * 60 * 60 * 1000;
const batchSize = 500;

/**
 * Deletes archives and what holds them. Each deletion is one transaction that removes the records and adds tombstones,
 * then the bytes go, then the tombstones; it resolves when the bytes are gone.
 * Row locks are taken in the order ticket, token, upload, platform (see uploads.service.ts).
 */
@Injectable()
export class DeletionService {
  private readonly log = new Logger(DeletionService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: PlatformsService,
    private readonly tickets: TicketsService,
    private readonly tombstones: Tombstones,
    private readonly audit: AuditService,
  ) {}

  /** @throws NotFound, StorageUnavailable (the record is gone then, and the bytes go when the store is back) */
  async deleteArchive(id: string, actor: Actor): Promise<void> {
    if (!(await this.removeArchive(id, actor, 'archive.deleted'))) throw new NotFound('archive');
    await this.tombstones.bury([id]);
  }

  /** With its tokens, uploads under way and archives. @throws NotFound, StorageUnavailable */
  async deleteTicket(number: string, actor: Actor): Promise<void> {
    const keys = await this.dataSource.transaction(async (tx) => {
      const ticket = await tx.findOneBy(Ticket, { number });
      if (!ticket) throw new NotFound('ticket');
      return this.removeTicket(tx, ticket, actor);
    });
    await this.tombstones.bury(keys);
  }

  /** @throws NotFound, PlatformNotEmpty where it has tickets and `cascade` is false, StorageUnavailable */
  async deletePlatform(name: string, cascade: boolean, actor: Actor): Promise<void> {
    const platform = await this.platforms.find(this.dataSource.manager, name);
    if (cascade) await this.deleteTicketsOf(platform, actor);
    try {
      await this.dataSource.transaction(async (tx) => {
        if ((await tx.delete(Platform, { id: platform.id })).affected !== 1)
          throw new NotFound('platform');
        await this.audit.record(tx, actor, {
          action: 'platform.deleted',
          subject: { kind: 'platform', id: name },
        });
      });
    } catch (cause) {
      // The tickets' foreign key arbitrates: one that is made at this moment is never orphaned.
      throw isForeignKeyViolation(cause) ? new PlatformNotEmpty() : cause;
    }
  }

  /** Deletes what is older than its platform keeps it. Returns how many archives went. */
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
      for (const row of rows)
        if (await this.removeArchive(row.id, systemActor, 'archive.expired')) expired += 1;
      await this.tombstones.bury(rows.map((row) => row.id));
    }
    if (expired > 0) this.log.log({ event: 'archives.expired', count: expired });
    return expired;
  }

  /** A ticket a transaction, so that a platform of any size never holds one for long. */
  private async deleteTicketsOf(platform: Platform, actor: Actor): Promise<void> {
    for (;;) {
      const tickets = await this.dataSource.manager.find(Ticket, {
        where: { platformId: platform.id },
        take: batchSize,
      });
      if (tickets.length === 0) return;
      for (const ticket of tickets) {
        const keys = await this.dataSource
          .transaction((tx) => this.removeTicket(tx, ticket, actor))
          .catch((cause: unknown) => {
            // Somebody else deleted it meanwhile.
            if (cause instanceof NotFound) return [];
            throw cause;
          });
        await this.tombstones.bury(keys);
      }
    }
  }

  /** @returns the keys to bury */
  private async removeTicket(tx: EntityManager, ticket: Ticket, actor: Actor): Promise<string[]> {
    const { id, number, platformId } = ticket;
    // Holds the row: an upload that commits now comes before us and is found below, or after us and is refused.
    if ((await tx.update(Ticket, { id }, { id })).affected !== 1) throw new NotFound('ticket');
    // The tokens' rows next: an upload that is being settled holds one, and then adds the tombstone that we would add.
    // Their hash, because it is a key: only that takes, on PostgreSQL, the lock that the deletion below needs. A lesser
    // one would let in an upload that is being begun (its row holds the token's in share mode before it takes an
    // attempt of it), and the two would wait for each other.
    await tx
      .createQueryBuilder()
      .update(UploadToken)
      .set({ hash: () => 'id' })
      .where('ticket_id = :id', { id })
      .execute();
    const archives = await tx.find(Archive, {
      select: { id: true, size: true },
      where: { ticketId: id },
    });
    const uploads = await tx
      .createQueryBuilder(Upload, 'upload')
      .select('upload.id', 'id')
      .innerJoin('upload.token', 'token')
      .where('token.ticketId = :id', { id })
      .getRawMany<{ id: string }>();
    const keys = [...archives, ...uploads].map((row) => row.id);
    await this.tombstones.add(tx, keys);
    await tx.delete(Archive, { ticketId: id });
    await tx.delete(UploadToken, { ticketId: id });
    await tx.delete(Ticket, { id });
    const bytes = archives.reduce((sum, { size }) => sum + size, 0);
    await this.uncount(tx, platformId, archives.length, bytes);
    await this.audit.record(tx, actor, {
      action: 'ticket.deleted',
      subject: { kind: 'ticket', id: number },
      details: { archives: archives.length, bytes },
    });
    return keys;
  }

  /** @returns false where there is no such archive any more */
  private async removeArchive(
    id: string,
    actor: Actor,
    action: Extract<Action, 'archive.deleted' | 'archive.expired'>,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const archive = await tx.findOne(Archive, { where: { id }, relations: { ticket: true } });
      if (!archive) return false;
      const { size, ticketId, platformId } = archive;
      // Two deletions at once: the second waits here, and then finds no archive.
      await tx.update(Ticket, { id: ticketId }, { updatedAt: new Date() });
      if ((await tx.delete(Archive, { id })).affected !== 1) return false;
      await this.tickets.removeArchive(tx, ticketId, archive);
      await this.tombstones.add(tx, [id]);
      await this.uncount(tx, platformId, 1, size);
      await this.audit.record(tx, actor, {
        action,
        subject: { kind: 'archive', id },
        details: { ticket: archive.ticket?.number ?? '', filename: archive.filename, size },
      });
      return true;
    });
  }

  private async uncount(
    tx: EntityManager,
    platformId: string,
    count: number,
    bytes: number,
  ): Promise<void> {
    if (count === 0) return;
    await tx
      .createQueryBuilder()
      .update(Platform)
      .set({
        archiveCount: () => 'archive_count - :count',
        archiveBytes: () => 'archive_bytes - :bytes',
      })
      .where('id = :platformId', { platformId, count, bytes })
      .execute();
  }
}
