import { DomainError } from '../../errors/domain-error.js';

export class SessionExpired extends DomainError {
  readonly code = 'session-expired';
  constructor() {
    super('Sign in again: the session has ended.');
  }
}
