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
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Addresses } from '../../http/addresses.js';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { PageQuery } from '../../http/cursor.js';
import { KeyPipe, idPipe } from '../../http/key.pipe.js';
import { ticketNumberPattern } from '../tickets.dto.js';
import { ExtendToken, IssueToken, IssuedToken, TokenPage, TokenView } from './upload-tokens.dto.js';
import { UploadTokensService } from './upload-tokens.service.js';

const ticketKey = new KeyPipe(ticketNumberPattern, 'ticket');
const tokenKey = idPipe('token');

@ApiTags('upload tokens')
@Controller('tickets/:number/tokens')
export class UploadTokensController {
  constructor(
    private readonly tokens: UploadTokensService,
    private readonly addresses: Addresses,
  ) {}

  @Get()
  @Allow('tickets:write')
  @ApiOkResponse({ type: TokenPage })
  list(@Param('number', ticketKey) number: string, @Query() query: PageQuery): Promise<TokenPage> {
    return this.tokens.list(number, query);
  }

  @Post()
  @Allow('tickets:write')
  @ApiCreatedResponse({ type: IssuedToken })
  issue(
    @Param('number', ticketKey) number: string,
    @Body() input: IssueToken,
    @Caller() caller: CallerOf,
    @Req() req: Request,
  ): Promise<IssuedToken> {
    return this.tokens.issue(number, input, caller, this.addresses.base(req));
  }

  @Patch(':id')
  @Allow('tickets:write')
  @ApiOkResponse({ type: TokenView })
  extend(
    @Param('number', ticketKey) number: string,
    @Param('id', tokenKey) id: string,
    @Body() input: ExtendToken,
    @Caller() caller: CallerOf,
  ): Promise<TokenView> {
    return this.tokens.extend(number, id, input, caller);
  }

  @Delete(':id')
  @Allow('tickets:write')
  @HttpCode(204)
  @ApiNoContentResponse()
  revoke(
    @Param('number', ticketKey) number: string,
    @Param('id', tokenKey) id: string,
    @Caller() caller: CallerOf,
  ): Promise<void> {
    return this.tokens.revoke(number, id, caller);
  }
}
