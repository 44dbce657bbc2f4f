import { DomainError } from '../../errors/domain-error.js';

/** The same for an unknown name, a wrong password and a disabled account. */
export class LoginFailed extends DomainError {
  readonly code = 'login-failed';
  constructor() {
    super('Check the user name and the password, then try again.');
  }
}
