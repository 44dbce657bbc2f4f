import { DomainError } from '../../errors/domain-error.js';
import { UploadFault } from '../../http/transfer/transfer.errors.js';

export class UploadTooLarge extends UploadFault {
  readonly code = 'upload-too-large';
  constructor(limit: number) {
    super(`Send a file of at most ${limit} bytes, or split it.`);
  }
}

export class FileEmpty extends UploadFault {
  readonly code = 'file-empty';
  constructor() {
    super('The file has no bytes; check its path and send it again.');
  }
}

export class IdempotencyKeyReused extends UploadFault {
  readonly code = 'idempotency-key-reused';
  constructor() {
    super('Use a new Idempotency-Key for another file; this one stands for another.');
  }
}

/** The first request with the same key still runs. It may hang on a dead connection, so the wait is short. */
export class RequestInProgress extends DomainError {
  readonly code = 'request-in-progress';
  override readonly retryAfter = 5;
  constructor() {
    super(
      'The first request with this Idempotency-Key is still under way; repeat it in 5 seconds.',
    );
  }
}

export class TooManyUploads extends DomainError {
  readonly code = 'too-many-uploads';
  override readonly retryAfter = 15;
  /** @param whose all of them, or those of the same token or address */
  constructor(whose: 'all' | 'own' = 'all') {
    super(
      `Too many uploads ${whose === 'own' ? 'of yours ' : ''}are under way; try again in a quarter of a minute.`,
    );
  }
}
