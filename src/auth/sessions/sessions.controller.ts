import { Controller, Delete, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { KeyPipe } from '../../http/key.pipe.js';
import { personOf } from '../../http/actor.js';
import { SessionCookie } from './session.cookie.js';
import { OwnSessionsView, SessionView, sessionView } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

const sessionKey = new KeyPipe(/^[0-9a-f]{64}$/, 'session');

@ApiTags('auth')
@Controller('auth')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly cookie: SessionCookie,
  ) {}

  @Get('session')
  @Allow('any-session')
  @ApiOperation({ summary: 'Who is signed in, and what is left to do' })
  @ApiOkResponse({ type: SessionView })
  get(@Caller() caller: CallerOf): SessionView {
    return sessionView(personOf(caller));
  }

  @Post('logout')
  @Allow('any-session')
  @HttpCode(204)
  @ApiOperation({ summary: 'End this session' })
  @ApiNoContentResponse()
  async logout(
    @Caller() caller: CallerOf,
    @Res({ passthrough: true }) res: Response,
  ): Promise<void> {
    const person = personOf(caller);
    await this.sessions.endOwn(person, person.session);
    this.cookie.clear(res);
  }

  @Get('sessions')
  @Allow('engineer')
  @ApiOperation({ summary: 'Where the caller is signed in' })
  @ApiOkResponse({ type: OwnSessionsView })
  list(@Caller() caller: CallerOf): Promise<OwnSessionsView> {
    return this.sessions.listOwn(personOf(caller));
  }

  @Delete('sessions/:id')
  @Allow('engineer')
  @HttpCode(204)
  @ApiOperation({ summary: "End one of the caller's own sessions" })
  @ApiNoContentResponse()
  end(@Param('id', sessionKey) id: string, @Caller() caller: CallerOf): Promise<void> {
    return this.sessions.endOwn(personOf(caller), id);
  }
}
