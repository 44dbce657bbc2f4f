import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ArchiveBlobs } from '../archives/archive-blobs.service.js';
import { Archive } from '../archives/archive.entity.js';
import { Tombstones } from '../storage/blobs/tombstones.service.js';
import type { Ticket } from '../tickets/ticket.entity.js';
import { TicketDeletion } from '../tickets/ticket-deletion.service.js';
import type { AfterCommit, TicketParticipant } from '../tickets/ticket-deletion.service.js';
import { Upload } from '../uploads/records/upload.entity.js';

/** Deletes a ticket's archives, and the bytes of its uploads under way. */
@Injectable()
export class TicketFiles implements TicketParticipant, OnModuleInit {
  constructor(
    private readonly tickets: TicketDeletion,
    private readonly blobs: ArchiveBlobs,
    private readonly tombstones: Tombstones,
  ) {}

  onModuleInit(): void {
    this.tickets.participants.register('files', this);
  }

  async remove(tx: EntityManager, { id }: Ticket): Promise<AfterCommit> {
    const archives = await tx.find(Archive, { select: { id: true }, where: { ticketId: id } });
    // Their rows go with their tokens.
    const uploads = await tx
      .createQueryBuilder(Upload, 'upload')
      .select('upload.id', 'id')
      .innerJoin('upload.token', 'token')
      .where('token.ticketId = :id', { id })
      .getRawMany<{ id: string }>();
    const begun = uploads.map((row) => row.id);
    await this.tombstones.add(tx, begun);
    await tx.delete(Archive, { ticketId: id });
    // After their rows: whoever was about to give one another blob has come before us, or finds no archive.
    const keys = await this.blobs.release(
      tx,
      archives.map((archive) => archive.id),
    );
    return () => this.tombstones.bury([...keys, ...begun]);
  }
}
