import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Allow, Caller } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { PageQuery } from '../http/cursor.js';
import { KeyPipe } from '../http/key.pipe.js';
import {
  ChangePlatform,
  CreatePlatform,
  DeletePlatformQuery,
  PlatformPage,
  PlatformView,
  platformNamePattern,
} from './platforms.dto.js';
import { PlatformsService } from './platforms.service.js';

const platformKey = new KeyPipe(platformNamePattern, 'platform');

@ApiTags('platforms')
@Controller('platforms')
export class PlatformsController {
  constructor(private readonly platforms: PlatformsService) {}

  @Get()
  @Allow('platforms:read')
  @ApiOkResponse({ type: PlatformPage })
  list(@Query() query: PageQuery): Promise<PlatformPage> {
    return this.platforms.list(query);
  }

  @Post()
  @Allow('platforms:write')
  @ApiCreatedResponse({ type: PlatformView })
  create(@Body() input: CreatePlatform, @Caller() caller: CallerOf): Promise<PlatformView> {
    return this.platforms.create(input, caller);
  }

  // The document lists the methods of a path in the order of this file.
  @Delete(':name')
  @Allow('platforms:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a platform; with cascade=true its tickets and archives too' })
  @ApiNoContentResponse()
  delete(
    @Param('name', platformKey) name: string,
    @Query() query: DeletePlatformQuery,
    @Caller() caller: CallerOf,
  ): Promise<void> {
    return this.platforms.delete(name, query.cascade ?? false, caller);
  }

  @Get(':name')
  @Allow('platforms:read')
  @ApiOkResponse({ type: PlatformView })
  get(@Param('name', platformKey) name: string): Promise<PlatformView> {
    return this.platforms.get(name);
  }

  @Patch(':name')
  @Allow('platforms:write')
  @ApiOkResponse({ type: PlatformView })
  change(
    @Param('name', platformKey) name: string,
    @Body() input: ChangePlatform,
    @Caller() caller: CallerOf,
  ): Promise<PlatformView> {
    return this.platforms.change(name, input, caller);
  }
}
