import { DomainError } from '../../errors/domain-error.js';

/** Wrong, answered too late or twice, for another site, or of somebody else: the same answer. */
export class PasskeyInvalid extends DomainError {
  readonly code = 'passkey-invalid';
  constructor() {
    super('Begin again with a passkey of this account and site, or use another second factor.');
  }
}

/** The same for an unknown passkey, a wrong answer and a disabled account. */
export class PasskeySignInFailed extends DomainError {
  readonly code = 'login-failed';
  constructor() {
    super('Sign in with another passkey, or with user name and password.');
  }
}

/** Whoever knows the password could else enrol a factor of his own. */
export class LastSecondFactor extends DomainError {
  readonly code = 'last-second-factor';
  constructor() {
    super('Enrol another passkey or an authenticator app first.');
  }
}
