import { DomainError } from '../errors/domain-error.js';

export class PlatformExists extends DomainError {
  readonly code = 'platform-exists';
  constructor() {
    super('A platform of this name exists; choose another name, or change that one with PATCH.');
  }
}

export class PlatformNotEmpty extends DomainError {
  readonly code = 'platform-not-empty';
  constructor() {
    super('Delete its tickets first, or add ?cascade=true to delete them and their archives too.');
  }
}
