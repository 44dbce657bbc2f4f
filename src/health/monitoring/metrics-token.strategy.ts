import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Authenticator } from '../../auth/authenticator.js';
import { credentialStrategy } from '../../auth/credential.strategy.js';
import type { CredentialStrategy } from '../../auth/credential.strategy.js';
import { Config } from '../../config/config.js';
import { NotFound } from '../../errors/errors.js';
import type { Monitor } from '../../http/allow.js';
import { authorizationOf } from '../../http/authorization.js';
import { isSame } from '../../secrets/secrets.js';
import { MetricsTokenUnknown } from './monitoring.errors.js';

/** Prometheus by `Authorization: Bearer <METRICS_TOKEN>` (RFC 6750, section 2.1). */
@Injectable()
export class MetricsTokenStrategy
  extends credentialStrategy('metrics-token')
  implements CredentialStrategy
{
  constructor(
    authenticator: Authenticator,
    private readonly config: Config,
  ) {
    super(authenticator);
  }

  /** @throws NotFound where there is no METRICS_TOKEN; MetricsTokenUnknown */
  validate(req: Request): Monitor | null {
    const { METRICS_TOKEN: token } = this.config;
    if (token === undefined) throw new NotFound();
    const given = authorizationOf(req);
    if (given.kind === 'none') return null;
    if (given.kind !== 'bearer' || !isSame(given.secret, token)) throw new MetricsTokenUnknown();
    return { kind: 'monitor' };
  }
}
