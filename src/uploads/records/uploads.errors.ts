import { DomainError } from '../../errors/domain-error.js';

/** Not the upload's fault: the platform is full. */
export class QuotaExceeded extends DomainError {
  readonly code = 'quota-exceeded';
  constructor() {
    super('The space for this product is used up; ask the support engineer to make room.');
  }
}

/** Another request holds the upload. */
export class UploadBusy extends DomainError {
  readonly code = 'upload-busy';
  override readonly retryAfter = 1;
  constructor() {
    super(
      'Another request is sending this upload; ask for the offset with HEAD, and go on from there.',
    );
  }
}
