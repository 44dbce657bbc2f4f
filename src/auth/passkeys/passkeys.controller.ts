import { Body, Controller, Get, HttpCode, Param, Patch, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { personOf } from '../../http/actor.js';
import { Addresses } from '../../http/addresses.js';
import { Allow, Caller, Public } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { idPipe } from '../../http/key.pipe.js';
import { Guessable } from '../../http/route-marks.js';
import type { SignedIn } from '../login/login.service.js';
import { Proof } from '../second-factor/second-factor.dto.js';
import { SessionCookie } from '../sessions/session.cookie.js';
import { SessionView } from '../sessions/sessions.dto.js';
import {
  PasskeyCreationOptions,
  PasskeyRequestOptions,
} from '../passkey-proofs/passkey-options.dto.js';
import { PasskeyProofs } from '../passkey-proofs/passkey-proofs.service.js';
import {
  AnswerPasskey,
  NamePasskey,
  OwnPasskeysView,
  PasskeyView,
  RegisterPasskey,
  RegisteredPasskeyView,
} from './passkeys.dto.js';
import { PasskeysService } from './passkeys.service.js';

const passkeyId = idPipe('passkey');

// Trap: LOGIN_RATE counts by the method's name (rate-limit.ts), so no name here may be another controller's.
@ApiTags('auth')
@Controller('auth/passkeys')
export class PasskeysController {
  constructor(
    private readonly passkeys: PasskeysService,
    private readonly proofs: PasskeyProofs,
    private readonly cookie: SessionCookie,
    private readonly addresses: Addresses,
  ) {}

  @Get()
  @Allow('engineer')
  @ApiOperation({ summary: "The caller's own passkeys, newest first" })
  @ApiOkResponse({ type: OwnPasskeysView })
  list(@Caller() caller: CallerOf): Promise<OwnPasskeysView> {
    return this.passkeys.list(personOf(caller));
  }

  @Post('options')
  @Allow('any-session')
  @Guessable()
  @HttpCode(200)
  @ApiOperation({ summary: 'Begin to add a passkey: options for navigator.credentials.create' })
  @ApiBody({ type: Proof, required: false })
  @ApiOkResponse({ type: PasskeyCreationOptions })
  beginPasskey(
    @Body() proof: Proof,
    @Caller() caller: CallerOf,
    @Req() req: Request,
  ): Promise<PasskeyCreationOptions> {
    return this.passkeys.begin(personOf(caller), proof, this.addresses.relyingParty(req));
  }

  @Post()
  @Allow('any-session')
  @Guessable()
  @ApiOperation({ summary: 'Add the passkey that was made; the session is at AAL2' })
  @ApiCreatedResponse({ type: RegisteredPasskeyView })
  async addPasskey(
    @Body() input: RegisterPasskey,
    @Caller() caller: CallerOf,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<RegisteredPasskeyView> {
    const rp = this.addresses.relyingParty(req);
    const { id, passkey, recoveryCodes } = await this.passkeys.finish(personOf(caller), input, rp);
    this.cookie.give(res, id);
    return { passkey, recoveryCodes };
  }

  @Patch(':id')
  @Allow('engineer')
  @ApiOperation({ summary: 'Rename one' })
  @ApiOkResponse({ type: PasskeyView })
  rename(
    @Param('id', passkeyId) id: string,
    @Body() { name }: NamePasskey,
    @Caller() caller: CallerOf,
  ): Promise<PasskeyView> {
    return this.passkeys.rename(personOf(caller), id, name);
  }

  /** Not DELETE: it takes a proof, and a proxy may drop what a DELETE carries (RFC 9110, section 9.3.5). */
  @Post(':id/remove')
  @Allow('engineer')
  @Guessable()
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove one, but not the last second factor; ends all other sessions' })
  @ApiNoContentResponse()
  removePasskey(
    @Param('id', passkeyId) id: string,
    @Body() proof: Proof,
    @Caller() caller: CallerOf,
    @Req() req: Request,
  ): Promise<void> {
    return this.passkeys.remove(personOf(caller), id, proof, this.addresses.relyingParty(req));
  }

  @Post('verify/options')
  @Allow('any-session')
  @HttpCode(200)
  @ApiOperation({ summary: 'Options for navigator.credentials.get with an own passkey' })
  @ApiOkResponse({ type: PasskeyRequestOptions })
  verifyOptions(@Caller() caller: CallerOf, @Req() req: Request): Promise<PasskeyRequestOptions> {
    return this.proofs.begin(personOf(caller), this.addresses.relyingParty(req));
  }

  @Post('verify')
  @Allow('any-session')
  @Guessable()
  @HttpCode(200)
  @ApiOperation({ summary: 'Prove the second factor by a passkey; the session is at AAL2' })
  @ApiOkResponse({ type: SessionView })
  async verifyPasskey(
    @Body() { response }: AnswerPasskey,
    @Caller() caller: CallerOf,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    const rp = this.addresses.relyingParty(req);
    return this.entered(await this.passkeys.verify(personOf(caller), response, rp), res);
  }

  @Post('sign-in/options')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Options for navigator.credentials.get to sign in by passkey alone' })
  @ApiOkResponse({ type: PasskeyRequestOptions })
  signInOptions(@Req() req: Request): Promise<PasskeyRequestOptions> {
    return this.proofs.beginSignIn(this.addresses.relyingParty(req));
  }

  @Post('sign-in')
  @Public()
  @Guessable()
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Begin a session at AAL2 by passkey alone; sets the cookie lc_session, over https __Host-lc_session',
  })
  @ApiOkResponse({ type: SessionView })
  async signInByPasskey(
    @Body() { response }: AnswerPasskey,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SessionView> {
    const rp = this.addresses.relyingParty(req);
    const browser = this.cookie.browserOf(req);
    return this.entered(await this.passkeys.signIn(response, rp, browser), res);
  }

  private entered({ id, view }: SignedIn, res: Response): SessionView {
    this.cookie.give(res, id);
    return view;
  }
}
