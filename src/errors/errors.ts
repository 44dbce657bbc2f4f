import { DomainError } from './domain-error.js';
import type { FieldError } from './domain-error.js';

/** Errors that belong to no feature. */

export class ValidationFailed extends DomainError {
  readonly code = 'validation-failed';
  constructor(
    override readonly fields: readonly FieldError[],
    detail = 'Correct the fields named in "errors" and send the request again.',
  ) {
    super(detail);
  }
}

export class NotFound extends DomainError {
  readonly code = 'not-found';
  constructor(what = 'resource') {
    super(`There is no such ${what}; check how it is written, or whether it was deleted.`);
  }
}

export class MethodNotAllowed extends DomainError {
  readonly code = 'method-not-allowed';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(allowed: readonly string[]) {
    super(`Use one of ${allowed.join(', ')} here.`);
    this.headers = { Allow: allowed.join(', ') };
  }
}

export class RateLimited extends DomainError {
  readonly code = 'rate-limited';
  constructor(override readonly retryAfter: number) {
    super(`Wait ${retryAfter} seconds before you try again.`);
  }
}

export class RequestMalformed extends DomainError {
  readonly code = 'request-malformed';
  constructor(detail = 'Send a well-formed HTTP request.') {
    super(detail);
  }
}

export class BodyTooLarge extends DomainError {
  readonly code = 'body-too-large';
  constructor() {
    super('Send a smaller JSON body: 64 KiB is the limit.');
  }
}

export class ShuttingDown extends DomainError {
  readonly code = 'shutting-down';
  override readonly retryAfter = 10;
  constructor() {
    super('The service is restarting; try again in ten seconds.');
  }
}

export class DatabaseUnavailable extends DomainError {
  readonly code = 'database-unavailable';
  override readonly retryAfter = 10;
  constructor(options?: ErrorOptions) {
    super('The database cannot be reached; try again in ten seconds.', options);
  }
}

export class StorageUnavailable extends DomainError {
  readonly code = 'storage-unavailable';
  override readonly retryAfter = 30;
  constructor(options?: ErrorOptions) {
    super('The storage cannot be read or written; try again in half a minute.', options);
  }
}

export class StorageFull extends DomainError {
  readonly code = 'storage-full';
  override readonly retryAfter = 300;
  constructor(options?: ErrorOptions) {
    super('There is not enough free space for this file; ask the vendor, then try again.', options);
  }
}

export class InternalError extends DomainError {
  readonly code = 'internal-error';
  constructor(options?: ErrorOptions) {
    super('Try again; if it persists, tell the operator the requestId.', options);
  }
}
