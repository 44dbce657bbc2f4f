import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Allow, Caller, Public } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { Guessable } from '../../http/route-marks.js';
import { personOf } from '../../http/actor.js';
import { Authenticator } from '../authenticator.js';
import { SessionCookie } from '../sessions/session.cookie.js';
import { SessionView } from '../sessions/sessions.dto.js';
import { ChangePassword, LoginInput, SetupInput } from './login.dto.js';
import { LoginFailed } from './login.errors.js';
import { LoginService } from './login.service.js';
import type { ProvedUser } from './login.service.js';

@ApiTags('auth')
@Controller('auth')
export class LoginController {
  constructor(
    private readonly login: LoginService,
    private readonly authenticator: Authenticator,
    private readonly cookie: SessionCookie,
  ) {}

  @Post('login')
  @Public()
  @Guessable()
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Begin a session by password; sets the cookie lc_session, over https __Host-lc_session',
  })
  @ApiOkResponse({ type: SessionView })
  async logIn(
    @Body() _validated: LoginInput,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    const user = await this.authenticator.prove<ProvedUser>(req, 'password');
    if (!user) throw new LoginFailed();
    const { id, view } = await this.login.begin(user, this.cookie.browserOf(req));
    this.cookie.give(res, id);
    return view;
  }

  @Post('setup')
  @Public()
  @Guessable()
  @ApiOperation({ summary: 'Make the first admin, once, by the link in the log' })
  @ApiCreatedResponse({ type: SessionView })
  async setUp(
    @Body() input: SetupInput,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    const { id, view } = await this.login.setUp(input, this.cookie.browserOf(req));
    this.cookie.give(res, id);
    return view;
  }

  @Post('password')
  @Allow('engineer')
  @Guessable()
  @HttpCode(200)
  @ApiOperation({ summary: "Change the caller's own password; ends all other sessions" })
  @ApiOkResponse({ type: SessionView })
  async changePassword(
    @Body() input: ChangePassword,
    @Caller() caller: CallerOf,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    const { id, view } = await this.login.changePassword(personOf(caller), input);
    this.cookie.give(res, id);
    return view;
  }
}
