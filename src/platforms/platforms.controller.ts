import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Allow, Caller } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { PageQuery } from '../http/cursor.js';
import { KeyPipe } from '../http/key.pipe.js';
import {
  ChangePlatform,
  CreatePlatform,
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
