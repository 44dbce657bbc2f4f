import { DomainError } from '../../errors/domain-error.js';

/** Wrong, too old, used before, or of no enrolment that was begun: the same answer. */
export class CodeInvalid extends DomainError {
  readonly code = 'code-invalid';
  constructor() {
    super('Wait for the next code of your authenticator, or use a recovery code that is left.');
  }
}
