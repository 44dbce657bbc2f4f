import { DomainError } from '../../errors/domain-error.js';
import { UploadFault } from '../../http/transfer/transfer.errors.js';
import { maxSideCarBytes, nameOf } from './side-cars.policy.js';
import type { ClaimedAlgorithm } from './side-cars.policy.js';

/** Names no file: what a customer sends as a name may be a secret in the wrong place. */
export class SideCarUnreadable extends UploadFault {
  readonly code = 'validation-failed';
  override readonly fields;
  constructor(algorithm: ClaimedAlgorithm) {
    const name = nameOf[algorithm];
    super(
      `A file named x.${algorithm} is read as the checksum of x; this one holds no ${name}. Send another name to send it as an archive.`,
    );
    this.fields = [
      {
        field: 'file',
        message: `must be the ${name} of one file, in at most ${maxSideCarBytes} bytes`,
      },
    ];
  }
}

/** The claim came first. */
export class FileContradictsClaim extends UploadFault {
  readonly code = 'digest-mismatch';
  constructor(algorithm: ClaimedAlgorithm, claimed: string, received: string) {
    super(
      `Its side-car claims ${nameOf[algorithm]} ${claimed}, but ${received} was received; nothing was stored. Send the file again, or first its right side-car.`,
    );
  }
}

/** The file came first: it stays, with a mark. */
export class ClaimContradictsArchive extends DomainError {
  readonly code = 'digest-mismatch';
  constructor(algorithm: ClaimedAlgorithm, claimed: string, stored: string) {
    super(
      `The side-car claims ${nameOf[algorithm]} ${claimed}, but the stored file has ${stored}; it is kept and marked. Send the file again.`,
    );
  }
}
