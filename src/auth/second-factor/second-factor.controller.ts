import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Addresses } from '../../http/addresses.js';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { Guessable } from '../../http/route-marks.js';
import { personOf } from '../../http/actor.js';
import { SessionCookie } from '../sessions/session.cookie.js';
import { SessionView } from '../sessions/sessions.dto.js';
import { CodeInput, EnrolmentView, Proof, RecoveryCodesView } from './second-factor.dto.js';
import { SecondFactorService } from './second-factor.service.js';

@ApiTags('auth')
@Controller('auth')
@Allow('any-session')
@Guessable()
export class SecondFactorController {
  constructor(
    private readonly secondFactor: SecondFactorService,
    private readonly cookie: SessionCookie,
    private readonly addresses: Addresses,
  ) {}

  @Post('totp')
  @HttpCode(200)
  @ApiOperation({ summary: 'Begin to enrol an authenticator app, or to replace it' })
  @ApiBody({ type: Proof, required: false })
  @ApiOkResponse({ type: EnrolmentView })
  beginEnrolment(
    @Body() proof: Proof,
    @Caller() caller: CallerOf,
    @Req() req: Request,
  ): Promise<EnrolmentView> {
    return this.secondFactor.begin(personOf(caller), proof, this.addresses.relyingParty(req));
  }

  @Post('totp/confirm')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the enrolment by the first code; the session is at AAL2' })
  @ApiOkResponse({ type: RecoveryCodesView })
  async confirmEnrolment(
    @Body() { code }: CodeInput,
    @Caller() caller: CallerOf,
    @Res({ passthrough: true }) res: Response,
  ): Promise<RecoveryCodesView> {
    const { id, recoveryCodes } = await this.secondFactor.confirm(personOf(caller), code);
    this.cookie.give(res, id);
    return { recoveryCodes };
  }

  @Post('totp/verify')
  @HttpCode(200)
  @ApiOperation({ summary: 'Prove the second factor by a code; the session is at AAL2' })
  @ApiOkResponse({ type: SessionView })
  verify(
    @Body() { code }: CodeInput,
    @Caller() caller: CallerOf,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    return this.prove(code, 'totp', caller, res);
  }

  @Post('recovery')
  @HttpCode(200)
  @ApiOperation({ summary: 'Prove the second factor by a recovery code, which is then used up' })
  @ApiOkResponse({ type: SessionView })
  recover(
    @Body() { code }: CodeInput,
    @Caller() caller: CallerOf,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    return this.prove(code, 'recovery', caller, res);
  }

  private async prove(
    code: string,
    kind: 'totp' | 'recovery',
    caller: CallerOf,
    res: Response,
  ): Promise<SessionView> {
    const { id, view } = await this.secondFactor.prove(personOf(caller), code, kind);
    this.cookie.give(res, id);
    return view;
  }
}
