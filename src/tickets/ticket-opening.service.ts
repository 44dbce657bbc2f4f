import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { CallerOf } from '../http/allow.js';
import type { OpenTicket, OpenedTicket } from './ticket-opening.dto.js';
import { ticketView } from './tickets.dto.js';
import { TicketsService } from './tickets.service.js';
import { UploadTokensService } from './tokens/upload-tokens.service.js';

/** Creates a ticket with its first token: all that the answer to a customer needs. */
@Injectable()
export class TicketOpening {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tickets: TicketsService,
    private readonly tokens: UploadTokensService,
  ) {}

  /** @param base of the links in the answer. @throws TicketExists, NotFound */
  async open(input: OpenTicket, caller: CallerOf, base: string): Promise<OpenedTicket> {
    return this.dataSource.transaction(async (tx) => {
      const { attempts, lifetime, ...rest } = input;
      const ticket = await this.tickets.open(tx, rest, caller);
      const token = await this.tokens.issueIn(tx, ticket, { attempts, lifetime }, caller, base);
      return { ticket: ticketView(ticket), token };
    });
  }
}
