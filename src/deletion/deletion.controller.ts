import { Controller, Delete, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { actorOf } from '../http/actor.js';
import { Allow, Caller } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { KeyPipe, idPipe } from '../http/key.pipe.js';
import { platformNamePattern } from '../platforms/platforms.dto.js';
import { ticketNumberPattern } from '../tickets/tickets.dto.js';
import { DeletePlatformQuery } from './deletion.dto.js';
import { DeletionService } from './deletion.service.js';

/** Every route that removes bytes. 204 means that they are gone from the storage. */
@Controller()
export class DeletionController {
  constructor(private readonly deletion: DeletionService) {}

  @Delete('archives/:id')
  @Allow('archives:delete')
  @HttpCode(204)
  @ApiTags('archives')
  @ApiOperation({ summary: 'Delete an archive and its bytes' })
  @ApiNoContentResponse()
  archive(@Param('id', idPipe('archive')) id: string, @Caller() caller: CallerOf): Promise<void> {
    return this.deletion.deleteArchive(id, actorOf(caller));
  }

  @Delete('tickets/:number')
  @Allow('tickets:write')
  @HttpCode(204)
  @ApiTags('tickets')
  @ApiOperation({ summary: 'Delete a ticket with its tokens, uploads under way and archives' })
  @ApiNoContentResponse()
  ticket(
    @Param('number', new KeyPipe(ticketNumberPattern, 'ticket')) number: string,
    @Caller() caller: CallerOf,
  ): Promise<void> {
    return this.deletion.deleteTicket(number, actorOf(caller));
  }

  @Delete('platforms/:name')
  @Allow('platforms:write')
  @HttpCode(204)
  @ApiTags('platforms')
  @ApiOperation({ summary: 'Delete a platform; with cascade=true its tickets and archives too' })
  @ApiNoContentResponse()
  platform(
    @Param('name', new KeyPipe(platformNamePattern, 'platform')) name: string,
    @Query() query: DeletePlatformQuery,
    @Caller() caller: CallerOf,
  ): Promise<void> {
    return this.deletion.deletePlatform(name, query.cascade ?? false, actorOf(caller));
  }
}
