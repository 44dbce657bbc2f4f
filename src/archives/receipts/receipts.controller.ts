import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { customerOf } from '../../http/actor.js';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { OwnTokenReceipt } from './receipts.dto.js';
import { ReceiptsService } from './receipts.service.js';

@ApiTags('upload tokens')
@Controller('upload-token')
export class ReceiptsController {
  constructor(private readonly receipts: ReceiptsService) {}

  @Get()
  @Allow('upload-token')
  @ApiOkResponse({ type: OwnTokenReceipt })
  own(@Caller() caller: CallerOf): Promise<OwnTokenReceipt> {
    return this.receipts.own(customerOf(caller).tokenId);
  }
}
