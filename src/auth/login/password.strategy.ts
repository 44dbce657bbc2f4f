import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-local';
import type { VerifyFunction } from 'passport-local';
import { Authenticator } from '../authenticator.js';
import { LoginService } from './login.service.js';
import type { ProvedUser } from './login.service.js';

/** Looks into the body alone: passport-local by itself would take a password from the query string as well. */
class BodyStrategy extends Strategy {
  constructor(
    readonly authenticator: Authenticator,
    verify: VerifyFunction,
  ) {
    super(verify);
  }

  override authenticate(req: Request): void {
    super.authenticate(Object.create(req, { query: { value: {} } }) as Request);
  }
}

/** A person by name and password; for POST /auth/login alone, whose body is validated before. */
@Injectable()
export class PasswordStrategy extends PassportStrategy(BodyStrategy, 'password') {
  constructor(
    authenticator: Authenticator,
    private readonly login: LoginService,
  ) {
    super(authenticator);
  }

  /** @throws LoginFailed, RateLimited */
  validate(username: string, password: string): Promise<ProvedUser> {
    return this.login.check(username, password);
  }

  protected getPassportInstance(): unknown {
    return this.authenticator.passport;
  }
}
