import { Injectable } from '@nestjs/common';
import { ValidationFailed } from '../../errors/errors.js';
import type { RelyingParty } from '../../http/addresses.js';
import type { Person } from '../../http/allow.js';
import { SecondFactorRequired } from '../access.errors.js';
import { LoginService } from '../login/login.service.js';
import { PasskeyProofs } from '../passkey-proofs/passkey-proofs.service.js';
import { Codes } from './codes.service.js';
import type { Proof } from './second-factor.dto.js';

/** Has a signed-in person prove all once more before a second factor is added, replaced or removed (ASVS 7.5.1). */
@Injectable()
export class ProveAgain {
  constructor(
    private readonly login: LoginService,
    private readonly codes: Codes,
    private readonly passkeys: PasskeyProofs,
  ) {}

  /**
   * Takes what signing in takes: the password and a code, or a passkey that asked for PIN, finger or face.
   * @throws SecondFactorRequired below AAL2; ValidationFailed, CodeInvalid, PasskeyInvalid, RateLimited
   */
  async prove(person: Person, { password, code, passkey }: Proof, rp: RelyingParty): Promise<void> {
    if (person.aal !== 2) throw new SecondFactorRequired();
    if (passkey !== undefined)
      return this.passkeys.prove(person, passkey, rp, () => Promise.resolve());
    if (password === undefined || code === undefined)
      throw new ValidationFailed(
        [
          { field: 'password', message: 'password is needed to change the second factors' },
          { field: 'code', message: 'code is needed to change the second factors' },
        ].filter(({ field }) => (field === 'password' ? password : code) === undefined),
        'Send the password and a code, or the answer of a passkey.',
      );
    await this.login.provePassword(person, password, 'password');
    await this.codes.withCode(person, code, 'any', () => Promise.resolve());
  }
}
