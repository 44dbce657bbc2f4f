import { Injectable } from '@nestjs/common';
import type { AuthenticatedRequest, Person } from '../../http/allow.js';
import { Authenticator } from '../authenticator.js';
import { credentialStrategy } from '../credential.strategy.js';
import type { CredentialStrategy } from '../credential.strategy.js';
import { SessionCookie } from './session.cookie.js';
import { SessionExpired } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

/** A person by the cookie. */
@Injectable()
export class SessionStrategy extends credentialStrategy('session') implements CredentialStrategy {
  constructor(
    authenticator: Authenticator,
    private readonly cookie: SessionCookie,
    private readonly sessions: SessionsService,
  ) {
    super(authenticator);
  }

  /** @throws SessionExpired */
  async validate(req: AuthenticatedRequest): Promise<Person | null> {
    const presented = this.cookie.read(req);
    if (presented === null) return null;
    if (presented === 'forged') throw new SessionExpired();
    return this.sessions.prove(presented.id, new Date(), req.isUnattended !== true);
  }
}
