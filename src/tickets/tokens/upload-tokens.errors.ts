import { DomainError } from '../../errors/domain-error.js';

/** RFC 7617 and RFC 6750: curl -u and -H both work; a collector that waits for a challenge gets one. */
const challenge = {
  'WWW-Authenticate': 'Basic realm="upload token", charset="UTF-8", Bearer realm="upload token"',
} as const;

export class UploadTokenMissing extends DomainError {
  readonly code = 'credentials-missing';
  override readonly headers = challenge;
  constructor() {
    super(
      'Send the upload token in the header "Upload-Token", as in the line that you were given.',
    );
  }
}

export class UploadTokenUnknown extends DomainError {
  readonly code = 'token-unknown';
  override readonly headers = challenge;
  constructor() {
    super(
      'Check that the upload token was copied whole, or ask the support engineer for a new one.',
    );
  }
}

export class UploadTokenExpired extends DomainError {
  readonly code = 'token-expired';
  constructor() {
    super('The upload token has expired; ask the support engineer to extend it.');
  }
}

export class UploadTokenExhausted extends DomainError {
  readonly code = 'token-exhausted';
  constructor() {
    super('All attempts of this upload token are used; ask the support engineer for more.');
  }
}

export class UploadTokenRevoked extends DomainError {
  readonly code = 'token-revoked';
  constructor() {
    super('The upload token was revoked; ask the support engineer for a new one.');
  }
}

export class UploadTokenLocked extends DomainError {
  readonly code = 'token-locked';
  constructor() {
    super('Too many uploads in a row stored nothing; ask the support engineer for a new token.');
  }
}
