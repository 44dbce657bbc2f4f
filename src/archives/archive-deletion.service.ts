import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFound } from '../errors/errors.js';
import { EventsService } from '../events/events.service.js';
import { actorOf } from '../http/actor.js';
import type { Actor } from '../http/actor.js';
import type { CallerOf } from '../http/allow.js';
import { Tombstones } from '../storage/blobs/tombstones.service.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import { Ticket } from '../tickets/ticket.entity.js';
import { TicketsService } from '../tickets/tickets.service.js';
import { Archive } from './archive.entity.js';
import { ArchiveBlobs } from './archive-blobs.service.js';

/** Deletes single archives; ticket-deletion.service.ts and deletion/ delete those of a whole ticket. */
@Injectable()
export class ArchiveDeletion {
  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: PlatformsService,
    private readonly tickets: TicketsService,
    private readonly blobs: ArchiveBlobs,
    private readonly tombstones: Tombstones,
    private readonly events: EventsService,
  ) {}

  /** @throws NotFound, StorageUnavailable (the record is gone then, and the bytes go when the store is back) */
  async delete(id: string, caller: CallerOf): Promise<void> {
    const keys = await this.remove(id, actorOf(caller), 'archive.deleted');
    if (!keys) throw new NotFound('archive');
    await this.tombstones.bury(keys);
  }

  /**
   * Removes the record, with those of all blobs that it has, and leaves the bytes to be buried.
   * @returns their keys; null where there is no such archive any more
   */
  async remove(
    id: string,
    actor: Actor,
    name: 'archive.deleted' | 'archive.expired',
  ): Promise<readonly string[] | null> {
    return this.dataSource.transaction(async (tx) => {
      const archive = await tx.findOne(Archive, { where: { id }, relations: { ticket: true } });
      if (!archive) return null;
      const { size, ticketId, platformId } = archive;
      // Two deletions at once: the second waits here, and then finds no archive.
      await tx.update(Ticket, { id: ticketId }, { updatedAt: new Date() });
      if ((await tx.delete(Archive, { id })).affected !== 1) return null;
      await this.tickets.removeArchive(tx, ticketId, archive);
      const keys = await this.blobs.release(tx, [id]);
      await this.platforms.uncountArchives(tx, platformId, { count: 1, bytes: size });
      await this.events.record(tx, actor, {
        name,
        subject: { kind: 'archive', id },
        details: { ticket: archive.ticket?.number ?? '', filename: archive.filename, size },
      });
      return keys;
    });
  }
}
