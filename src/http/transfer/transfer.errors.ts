import { DomainError } from '../../errors/domain-error.js';

/** A fault of the upload itself: it counts towards TOKEN_MAX_FAILURES. */
export abstract class UploadFault extends DomainError {}

export class DigestMismatch extends UploadFault {
  readonly code = 'digest-mismatch';
  constructor(claimed: string, received: string) {
    super(
      `The digest claims SHA-256 ${claimed}, but ${received} was received; nothing was stored, send it again.`,
    );
  }
}

/** @param claimed null where nothing is claimed. @throws DigestMismatch */
export const assertDigest = (claimed: string | null, received: string): void => {
  if (claimed !== null && claimed !== received) throw new DigestMismatch(claimed, received);
};

export class UploadStalled extends UploadFault {
  readonly code = 'upload-stalled';
  constructor() {
    super('Too few bytes came for too long; send the file again over a better line.');
  }
}

/** The connection broke: nobody reads the answer. */
export class UploadAborted extends UploadFault {
  readonly code = 'request-malformed';
  constructor(options?: ErrorOptions) {
    super('The connection broke before the whole file came; send it again.', options);
  }
}

export class FileMissing extends UploadFault {
  readonly code = 'file-missing';
  constructor() {
    super('Send exactly one file in a form field named "file", as curl -F file=@logs.tgz does.');
  }
}

export class TooManyFiles extends UploadFault {
  readonly code = 'too-many-files';
  constructor() {
    super('Send one file a request; pack several into one archive.');
  }
}

export class MultipartMalformed extends UploadFault {
  readonly code = 'multipart-malformed';
  constructor(options?: ErrorOptions) {
    super('Send a complete multipart/form-data body, as curl -F does.', options);
  }
}
