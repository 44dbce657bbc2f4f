import { DomainError } from '../../errors/domain-error.js';

export class UserExists extends DomainError {
  readonly code = 'user-exists';
  constructor() {
    super('A user of this name exists; choose another name.');
  }
}

export class LastAdmin extends DomainError {
  readonly code = 'last-admin';
  constructor() {
    super('Make another enabled user an admin first.');
  }
}

export class SetupTokenUnknown extends DomainError {
  readonly code = 'setup-token-unknown';
  constructor() {
    super('Restart the service where there is no user yet, and take the newest link from its log.');
  }
}

/** ADMIN_USERNAME or ADMIN_PASSWORD cannot make the first admin; stops the start with one line. */
export class FirstAdminRefused extends Error {
  constructor(problem: string) {
    super(`The first admin cannot be made of ADMIN_USERNAME and ADMIN_PASSWORD: ${problem}`);
    this.name = 'FirstAdminRefused';
  }
}
