import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request } from 'express';
import { Addresses } from '../http/addresses.js';
import { Allow, Caller } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { KeyPipe } from '../http/key.pipe.js';
import { TicketDeletion } from './ticket-deletion.service.js';
import { OpenTicket, OpenedTicket } from './ticket-opening.dto.js';
import { TicketOpening } from './ticket-opening.service.js';
import {
  ChangeTicket,
  TicketPage,
  TicketQuery,
  TicketView,
  ticketNumberPattern,
} from './tickets.dto.js';
import { TicketsService } from './tickets.service.js';

const ticketKey = new KeyPipe(ticketNumberPattern, 'ticket');

@ApiTags('tickets')
@Controller('tickets')
export class TicketsController {
  constructor(
    private readonly tickets: TicketsService,
    private readonly opening: TicketOpening,
    private readonly deletion: TicketDeletion,
    private readonly addresses: Addresses,
  ) {}

  @Get()
  @Allow('tickets:read')
  @ApiOkResponse({ type: TicketPage })
  list(@Query() query: TicketQuery): Promise<TicketPage> {
    return this.tickets.list(query);
  }

  @Post()
  @Allow('tickets:write')
  @ApiCreatedResponse({ type: OpenedTicket })
  create(
    @Body() input: OpenTicket,
    @Caller() caller: CallerOf,
    @Req() req: Request,
  ): Promise<OpenedTicket> {
    return this.opening.open(input, caller, this.addresses.base(req));
  }

  // The document lists the methods of a path in the order of this file.
  @Delete(':number')
  @Allow('tickets:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a ticket with its tokens, uploads under way and archives' })
  @ApiNoContentResponse()
  delete(@Param('number', ticketKey) number: string, @Caller() caller: CallerOf): Promise<void> {
    return this.deletion.delete(number, caller);
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
