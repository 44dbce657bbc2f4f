import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Allow, Caller } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { KeyPipe } from '../http/key.pipe.js';
import {
  ChangeTicket,
  TicketPage,
  TicketQuery,
  TicketView,
  ticketNumberPattern,
} from './tickets.dto.js';
import { TicketsService } from './tickets.service.js';

const ticketKey = new KeyPipe(ticketNumberPattern, 'ticket');

/** Opening a ticket issues a token and lives with the tokens; deleting one deletes archives and lives with them. */
@ApiTags('tickets')
@Controller('tickets')
export class TicketsController {
  constructor(private readonly tickets: TicketsService) {}

  @Get()
  @Allow('tickets:read')
  @ApiOkResponse({ type: TicketPage })
  list(@Query() query: TicketQuery): Promise<TicketPage> {
    return this.tickets.list(query);
  }

  @Get(':number')
  @Allow('tickets:read')
  @ApiOkResponse({ type: TicketView })
  get(@Param('number', ticketKey) number: string): Promise<TicketView> {
    return this.tickets.get(number);
  }

  @Patch(':number')
  @Allow('tickets:write')
  @ApiOkResponse({ type: TicketView })
  change(
    @Param('number', ticketKey) number: string,
    @Body() input: ChangeTicket,
    @Caller() caller: CallerOf,
  ): Promise<TicketView> {
    return this.tickets.change(number, input, caller);
  }
}
