import { DomainError } from '../../errors/domain-error.js';
import { UploadFault } from '../../http/transfer/transfer.errors.js';

/** The client asks for another version of the protocol (tus 1.0.0, "Tus-Resumable"). */
export class TusVersionUnsupported extends DomainError {
  readonly code = 'tus-version-unsupported';
  override readonly headers = { 'Tus-Version': '1.0.0' };
  constructor() {
    super('Send the header "Tus-Resumable: 1.0.0".');
  }
}

export class ContentTypeUnsupported extends DomainError {
  readonly code = 'content-type-unsupported';
  constructor() {
    super('Send the bytes with "Content-Type: application/offset+octet-stream".');
  }
}

/** The bytes do not go on where the stored ones end; nothing was taken. */
export class UploadOffsetMismatch extends DomainError {
  readonly code = 'upload-offset-mismatch';
  constructor() {
    super('Ask for the offset with HEAD, and go on from there.');
  }
}

/** HEAD or DELETE came for the upload: its client has given up the request that was sending. */
export class UploadTakenOver extends DomainError {
  readonly code = 'upload-busy';
  override readonly retryAfter = 1;
  constructor() {
    super(
      'Another request asked for this upload and ended this one; ask for the offset with HEAD.',
    );
  }
}

/** The bytes of one request are not those that its Upload-Checksum claims; they were dropped. */
export class ChecksumMismatch extends DomainError {
  readonly code = 'checksum-mismatch';
  constructor(claimed: string, received: string) {
    super(
      `The checksum claims SHA-256 ${claimed}, but ${received} was received; send these bytes again.`,
    );
  }
}

/** More bytes than the upload was declared with. */
export class DeclaredLengthExceeded extends UploadFault {
  readonly code = 'upload-too-large';
  constructor(declared: number) {
    super(`The upload was declared with ${declared} bytes; begin another one for a longer file.`);
  }
}
