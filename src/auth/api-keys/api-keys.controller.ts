import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { PageQuery } from '../../http/cursor.js';
import { idPipe } from '../../http/key.pipe.js';
import { ApiKeyPage, CreateApiKey, CreatedApiKeyView } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

const keyId = idPipe('API key');

@ApiTags('api-keys')
@Controller('api-keys')
@Allow('admin')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Get()
  @ApiOperation({ summary: 'API keys, newest first; never their values' })
  @ApiOkResponse({ type: ApiKeyPage })
  list(@Query() query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(query);
  }

  @Post()
  @ApiOperation({ summary: 'Make an API key; its value is shown this once' })
  @ApiCreatedResponse({ type: CreatedApiKeyView })
  create(@Body() input: CreateApiKey, @Caller() caller: CallerOf): Promise<CreatedApiKeyView> {
    return this.keys.create(input, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete an API key; it is dead on its next request' })
  @ApiNoContentResponse()
  remove(@Param('id', keyId) id: string, @Caller() caller: CallerOf): Promise<void> {
    return this.keys.remove(id, caller);
  }
}
