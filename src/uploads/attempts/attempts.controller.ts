import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../http/allow.js';
import { PageQuery } from '../../http/cursor.js';
import { KeyPipe, idPipe } from '../../http/key.pipe.js';
import { ticketNumberPattern } from '../../tickets/tickets.dto.js';
import { AttemptPage } from './attempts.dto.js';
import { AttemptsService } from './attempts.service.js';

@ApiTags('upload tokens')
@Controller('tickets/:number/tokens/:id/attempts')
export class AttemptsController {
  constructor(private readonly attempts: AttemptsService) {}

  @Get()
  @Allow('tickets:read')
  @ApiOperation({ summary: 'What came by this token, with its outcome and why' })
  @ApiOkResponse({ type: AttemptPage })
  list(
    @Param('number', new KeyPipe(ticketNumberPattern, 'ticket')) number: string,
    @Param('id', idPipe('token')) id: string,
    @Query() query: PageQuery,
  ): Promise<AttemptPage> {
    return this.attempts.list(number, id, query);
  }
}
