import { DomainError } from '../errors/domain-error.js';

export class PlatformNotEmpty extends DomainError {
  readonly code = 'platform-not-empty';
  constructor() {
    super('Delete its tickets first, or add ?cascade=true to delete them and their archives too.');
  }
}
