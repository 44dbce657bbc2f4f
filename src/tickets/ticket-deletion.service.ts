import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { NotFound } from '../errors/errors.js';
import { EventsService } from '../events/events.service.js';
import { actorOf } from '../http/actor.js';
import type { Actor } from '../http/actor.js';
import type { CallerOf } from '../http/allow.js';
import { DeletionParticipants } from '../platforms/deletion-participants.js';
import type { Platform } from '../platforms/platform.entity.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import type { PlatformParticipant } from '../platforms/platforms.service.js';
import { Ticket } from './ticket.entity.js';
import { UploadToken } from './tokens/upload-token.entity.js';

const batchSize = 500;

/** Removes bytes whose records went with the transaction. @throws StorageUnavailable (a later sweep finishes it) */
export type AfterCommit = () => Promise<void>;

/** What belongs to a ticket and goes with it. */
export interface TicketParticipant {
  /**
   * Removes its rows in the deleting transaction, which already holds the rows of the ticket and of its tokens, and
   * adds tombstones for its bytes. Further row locks in the order of uploads.service.ts; the platform's row comes last
   * and is not the participant's.
   */
  remove(tx: EntityManager, ticket: Ticket): Promise<AfterCommit>;
}

/**
 * Deletes tickets with all that belongs to them: one transaction removes the records, then the bytes go. It resolves
 * when the bytes are gone.
 */
@Injectable()
export class TicketDeletion implements PlatformParticipant, OnModuleInit, OnApplicationBootstrap {
  readonly participants = new DeletionParticipants<'files', TicketParticipant>(['files']);

  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: PlatformsService,
    private readonly events: EventsService,
  ) {}

  onModuleInit(): void {
    this.platforms.deletionParticipants.register('tickets', this);
  }

  onApplicationBootstrap(): void {
    this.participants.all();
  }

  /** @throws NotFound, StorageUnavailable (the records are gone then, and the bytes go when the store is back) */
  async delete(number: string, caller: CallerOf): Promise<void> {
    const removeBytes = await this.dataSource.transaction(async (tx) => {
      const ticket = await tx.findOne(Ticket, { select: { id: true }, where: { number } });
      if (!ticket) throw new NotFound('ticket');
      return this.remove(tx, ticket.id, actorOf(caller));
    });
    await removeBytes();
  }

  /** A ticket a transaction, so that a platform of any size never holds one for long. */
  async empty(platform: Platform, actor: Actor): Promise<void> {
    for (;;) {
      const tickets = await this.dataSource.manager.find(Ticket, {
        select: { id: true },
        where: { platformId: platform.id },
        take: batchSize,
      });
      if (tickets.length === 0) return;
      for (const { id } of tickets) {
        const removeBytes = await this.dataSource
          .transaction((tx) => this.remove(tx, id, actor))
          .catch((cause: unknown) => {
            // Somebody else deleted it meanwhile.
            if (cause instanceof NotFound) return null;
            throw cause;
          });
        await removeBytes?.();
      }
    }
  }

  private async remove(tx: EntityManager, id: string, actor: Actor): Promise<AfterCommit> {
    const participants = this.participants.all();
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
    // Its counters are final now.
    const ticket = await tx.findOneByOrFail(Ticket, { id });
    const after: AfterCommit[] = [];
    for (const participant of participants) after.push(await participant.remove(tx, ticket));
    await tx.delete(UploadToken, { ticketId: id });
    await tx.delete(Ticket, { id });
    const archives = { count: ticket.archiveCount, bytes: ticket.archiveBytes };
    await this.platforms.uncountArchives(tx, ticket.platformId, archives);
    await this.events.record(tx, actor, {
      name: 'ticket.deleted',
      subject: { kind: 'ticket', id: ticket.number },
      details: { archives: archives.count, bytes: archives.bytes },
    });
    return () => inTurn(after);
  }
}

/** One that fails holds up no other. @throws what the first failure was */
const inTurn = async (steps: readonly AfterCommit[]): Promise<void> => {
  const failures: unknown[] = [];
  for (const step of steps) await step().catch((cause: unknown) => failures.push(cause));
  if (failures.length > 0) throw failures[0];
};
