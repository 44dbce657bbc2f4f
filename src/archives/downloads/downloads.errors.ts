import { DomainError } from '../../errors/domain-error.js';

/** RFC 9110, section 15.5.17: the answer says how long the whole is. */
export class RangeNotSatisfiable extends DomainError {
  readonly code = 'range-not-satisfiable';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(size: number) {
    super(`Ask for bytes within 0 to ${size - 1}.`);
    this.headers = { 'Content-Range': `bytes */${size}` };
  }
}

/** If-Match names another one (RFC 9110, section 13.1.1). */
export class PreconditionFailed extends DomainError {
  readonly code = 'precondition-failed';
  constructor() {
    super('The archive is not the one that If-Match names; download it whole, without If-Match.');
  }
}
