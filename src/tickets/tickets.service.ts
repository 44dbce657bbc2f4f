import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { isUniqueViolation } from '../database/errors.js';
import { contains, searchable } from '../database/search.js';
import { Statement } from '../database/statement.js';
import { NotFound } from '../errors/errors.js';
import { EventsService } from '../events/events.service.js';
import { actorOf } from '../http/actor.js';
import type { CallerOf } from '../http/allow.js';
import { pageOf } from '../http/pages.js';
import { emptyPage } from '../http/cursor.js';
import type { Page } from '../http/cursor.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import { lowestIdAt, newId } from '../secrets/secrets.js';
import { asLine, withoutLine } from './filenames.policy.js';
import { Ticket } from './ticket.entity.js';
import { foundTicket, ticketView } from './tickets.dto.js';
import type {
  ChangeTicket,
  FoundTicket,
  NewTicket,
  TicketQuery,
  TicketView,
} from './tickets.dto.js';
import { TicketExists } from './tickets.errors.js';

/** What a ticket keeps of each of its archives. */
export interface Counted {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
}

const countArchive = new Statement<{
  id: string;
  size: number;
  line: string;
  folded: string;
  at: number;
  no: boolean;
}>((manager) =>
  manager
    .createQueryBuilder()
    .update(Ticket)
    .set({
      archiveCount: () => 'archive_count + 1',
      archiveBytes: () => 'archive_bytes + :size',
      filenames: () => 'filenames || :line',
      filenamesSearch: () => 'filenames_search || :folded',
      updatedAt: () => ':at',
    })
    .where('id = :id AND resolved = :no'),
);

/** A ticket's id is made a moment after its time; clocks that are set back between the two stay below this. */
const idLagMs = 60 * 60 * 1000;

/** The time decides; the range of ids is what spares a look at all that is newer or older. */
const narrowToAge = (
  rows: SelectQueryBuilder<Ticket>,
  { createdAfter, createdBefore }: TicketQuery,
): void => {
  if (createdAfter !== undefined) {
    const after = new Date(createdAfter);
    rows
      .andWhere('ticket.createdAt >= :after AND ticket.id >= :from')
      .setParameters({ after: after.getTime(), from: lowestIdAt(after) });
  }
  if (createdBefore !== undefined) {
    const before = new Date(createdBefore);
    const to = lowestIdAt(new Date(before.getTime() + idLagMs));
    rows
      .andWhere('ticket.createdAt < :until AND ticket.id < :to')
      .setParameters({ until: before.getTime(), to });
  }
};

@Injectable()
export class TicketsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: PlatformsService,
    private readonly events: EventsService,
  ) {}

  async list(query: TicketQuery): Promise<Page<FoundTicket>> {
    const rows = this.dataSource
      .createQueryBuilder(Ticket, 'ticket')
      .innerJoinAndSelect('ticket.platform', 'platform');
    if (query.platform !== undefined) {
      const platform = await this.platforms.idOf(query.platform);
      if (platform === null) return emptyPage;
      rows.andWhere('ticket.platformId = :platform', { platform });
    }
    if (query.state !== undefined)
      rows.andWhere('ticket.resolved = :resolved', { resolved: query.state === 'resolved' });
    if (query.archives !== undefined)
      rows.andWhere(`ticket.archiveCount ${query.archives === 'none' ? '=' : '>'} 0`);
    narrowToAge(rows, query);
    if (query.q)
      rows
        .addSelect('ticket.filenames')
        .andWhere("(ticket.search LIKE :q ESCAPE '!' OR ticket.filenamesSearch LIKE :q ESCAPE '!')")
        .setParameter('q', contains(query.q));
    return pageOf(rows, query, (ticket) => foundTicket(ticket, query.q));
  }

  async get(number: string): Promise<TicketView> {
    return ticketView(await this.find(this.dataSource.manager, number));
  }

  /** For filters, where an unknown number matches nothing. */
  async idOf(number: string): Promise<string | null> {
    const ticket = await this.dataSource.manager.findOne(Ticket, {
      select: { id: true },
      where: { number },
    });
    return ticket?.id ?? null;
  }

  /** With its platform. @throws NotFound */
  async find(manager: EntityManager, number: string): Promise<Ticket> {
    const ticket = await manager.findOne(Ticket, {
      where: { number },
      relations: { platform: true },
    });
    if (!ticket) throw new NotFound('ticket');
    return ticket;
  }

  /** Adds a ticket within the transaction that also issues its token. @throws NotFound, TicketExists */
  async open(tx: EntityManager, input: NewTicket, caller: CallerOf): Promise<Ticket> {
    const platform = await this.platforms.find(tx, input.platform);
    const now = new Date();
    const note = input.note ?? '';
    const ticket: Ticket = {
      id: newId(),
      number: input.number,
      platformId: platform.id,
      note,
      search: searchable(input.number, note),
      filenames: '',
      filenamesSearch: '',
      resolved: false,
      createdBy: actorOf(caller).name,
      archiveCount: 0,
      archiveBytes: 0,
      createdAt: now,
      updatedAt: now,
    };
    try {
      // Trap: TypeORM writes columns that have a default back into what it inserts, past their transformer: on
      // PostgreSQL the bytes would be text. So it gets a copy.
      await tx.insert(Ticket, { ...ticket });
    } catch (cause) {
      throw isUniqueViolation(cause) ? new TicketExists() : cause;
    }
    await this.events.record(tx, actorOf(caller), {
      name: 'ticket.created',
      subject: { kind: 'ticket', id: ticket.number },
      details: { platform: platform.name },
    });
    return { ...ticket, platform };
  }

  /**
   * Counts an archive that is being stored, and makes the ticket findable by its name.
   * @returns false where the ticket is resolved or gone
   */
  async addArchive(tx: EntityManager, id: string, archive: Counted, at: Date): Promise<boolean> {
    const { filename, size } = archive;
    const names = { line: asLine(filename), folded: asLine(searchable(filename)) };
    const counted = { id, size, ...names, at: at.getTime(), no: false };
    return (await countArchive.change(tx, counted)) === 1;
  }

  /** Undoes addArchive. The transaction holds the ticket's row already: nobody adds a name between the two steps. */
  async removeArchive(tx: EntityManager, id: string, archive: Counted): Promise<void> {
    const { filename, size } = archive;
    const { filenames = '', filenamesSearch = '' } = await tx.findOneOrFail(Ticket, {
      select: { id: true, filenames: true, filenamesSearch: true },
      where: { id },
    });
    await tx
      .createQueryBuilder()
      .update(Ticket)
      .set({
        archiveCount: () => 'archive_count - 1',
        archiveBytes: () => 'archive_bytes - :size',
        filenames: withoutLine(filenames, filename),
        filenamesSearch: withoutLine(filenamesSearch, searchable(filename)),
      })
      .where('id = :id', { id, size })
      .execute();
  }

  /** Changes the note, resolves, reopens. @throws NotFound */
  async change(number: string, input: ChangeTicket, caller: CallerOf): Promise<TicketView> {
    return this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.update(
        Ticket,
        { number },
        {
          updatedAt: new Date(),
          ...(input.resolved === undefined ? {} : { resolved: input.resolved }),
          ...(input.note === undefined
            ? {}
            : { note: input.note, search: searchable(number, input.note) }),
        },
      );
      if (affected !== 1) throw new NotFound('ticket');
      await this.events.record(tx, actorOf(caller), {
        name: 'ticket.changed',
        subject: { kind: 'ticket', id: number },
        details: {
          ...(input.resolved === undefined ? {} : { resolved: input.resolved }),
          ...(input.note === undefined ? {} : { note: true }),
        },
      });
      return ticketView(await this.find(tx, number));
    });
  }
}
