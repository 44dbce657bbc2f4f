import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { isUniqueViolation } from '../database/errors.js';
import { contains, searchable } from '../database/search.js';
import { NotFound } from '../errors/errors.js';
import { actorOf } from '../http/actor.js';
import type { CallerOf } from '../http/allow.js';
import { pageOf } from '../database/pages.js';
import { emptyPage } from '../http/cursor.js';
import type { Page } from '../http/cursor.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import { newId } from '../secrets/secrets.js';
import { Ticket } from './ticket.entity.js';
import { ticketView } from './tickets.dto.js';
import type { ChangeTicket, NewTicket, TicketQuery, TicketView } from './tickets.dto.js';
import { TicketExists } from './tickets.errors.js';

@Injectable()
export class TicketsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: PlatformsService,
    private readonly audit: AuditService,
  ) {}

  async list(query: TicketQuery): Promise<Page<TicketView>> {
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
    if (query.q) rows.andWhere("ticket.search LIKE :q ESCAPE '!'", { q: contains(query.q) });
    return pageOf(rows, query, ticketView);
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
    await this.audit.record(tx, actorOf(caller), {
      action: 'ticket.created',
      subject: { kind: 'ticket', id: ticket.number },
      details: { platform: platform.name },
    });
    return { ...ticket, platform };
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
      await this.audit.record(tx, actorOf(caller), {
        action: 'ticket.changed',
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
