import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Authenticator } from '../../auth/authenticator.js';
import { credentialStrategy } from '../../auth/credential.strategy.js';
import type { CredentialStrategy } from '../../auth/credential.strategy.js';
import type { Customer } from '../../http/allow.js';
import { presentedToken } from './upload-token.credential.js';
import { UploadTokensService } from './upload-tokens.service.js';

/** Proves a customer by the token in the headers. Whether it may upload is judged when the upload begins. */
@Injectable()
export class UploadTokenStrategy
  extends credentialStrategy('upload-token')
  implements CredentialStrategy
{
  constructor(
    authenticator: Authenticator,
    private readonly tokens: UploadTokensService,
  ) {
    super(authenticator);
  }

  /** @throws UploadTokenMissing, UploadTokenUnknown */
  async validate(req: Request): Promise<Customer> {
    return { kind: 'customer', tokenId: await this.tokens.authenticate(presentedToken(req)) };
  }
}
