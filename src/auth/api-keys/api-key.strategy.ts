import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Integration } from '../../http/allow.js';
import { isSecret } from '../../secrets/secrets.js';
import { SessionRequired } from '../access.errors.js';
import { Authenticator } from '../authenticator.js';
import { authorizationOf } from '../../http/authorization.js';
import { credentialStrategy } from '../credential.strategy.js';
import type { CredentialStrategy } from '../credential.strategy.js';
import { ApiKeyUnknown } from './api-keys.errors.js';
import { ApiKeysService } from './api-keys.service.js';

/** An integration by `Authorization: Bearer lck_…`. */
@Injectable()
export class ApiKeyStrategy extends credentialStrategy('api-key') implements CredentialStrategy {
  constructor(
    authenticator: Authenticator,
    private readonly keys: ApiKeysService,
  ) {
    super(authenticator);
  }

  /** @throws ApiKeyUnknown; SessionRequired for an upload token, which opens upload routes alone */
  async validate(req: Request): Promise<Integration | null> {
    const authorization = authorizationOf(req);
    if (authorization.kind === 'none') return null;
    if (authorization.kind === 'unreadable') throw new ApiKeyUnknown();
    const given = authorization.kind === 'bearer' ? authorization.secret : authorization.password;
    if (isSecret('lct_', given)) throw new SessionRequired();
    if (authorization.kind === 'basic' || !isSecret('lck_', given)) throw new ApiKeyUnknown();
    return this.keys.prove(given, new Date());
  }
}
