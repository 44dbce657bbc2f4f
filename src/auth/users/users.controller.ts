import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { actorOf } from '../../http/actor.js';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { PageQuery } from '../../http/cursor.js';
import { idPipe } from '../../http/key.pipe.js';
import { ChangeUser, CreateUser, UserPage, UserView } from './users.dto.js';
import { UsersService } from './users.service.js';

const userId = idPipe('user');

@ApiTags('users')
@Controller('users')
@Allow('admin')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOperation({ summary: 'People with accounts, newest first' })
  @ApiOkResponse({ type: UserPage })
  list(@Query() query: PageQuery): Promise<UserPage> {
    return this.users.list(query);
  }

  @Post()
  @ApiOperation({ summary: 'Make an account' })
  @ApiCreatedResponse({ type: UserView })
  create(@Body() input: CreateUser, @Caller() caller: CallerOf): Promise<UserView> {
    return this.users.create(input, actorOf(caller));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change the role, disable or enable; acts on the next request' })
  @ApiOkResponse({ type: UserView })
  change(
    @Param('id', userId) id: string,
    @Body() input: ChangeUser,
    @Caller() caller: CallerOf,
  ): Promise<UserView> {
    return this.users.change(id, input, actorOf(caller));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete an account; what it made stays' })
  @ApiNoContentResponse()
  remove(@Param('id', userId) id: string, @Caller() caller: CallerOf): Promise<void> {
    return this.users.remove(id, actorOf(caller));
  }

  @Post(':id/reset-second-factor')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove the second factor, so that the user enrols a new one' })
  @ApiNoContentResponse()
  resetSecondFactor(@Param('id', userId) id: string, @Caller() caller: CallerOf): Promise<void> {
    return this.users.resetSecondFactor(id, actorOf(caller));
  }
}
