import { DomainError } from '../../errors/domain-error.js';

/** Never issued, deleted, expired, or not in the form of a key: the same answer. */
export class ApiKeyUnknown extends DomainError {
  readonly code = 'api-key-unknown';
  constructor() {
    super('Send a valid API key as "Authorization: Bearer <key>", or ask an admin for a new one.');
  }
}
