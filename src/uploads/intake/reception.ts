import type { Writable } from 'node:stream';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import type { Begun } from '../records/new-upload.js';
import type { UploadsService } from '../records/uploads.service.js';
import type { SideCarReception } from '../side-cars/side-car.reception.js';
import type { BodyTransfer } from '../../http/transfer/body-transfer.js';
import type { Tap } from '../../http/transfer/metered-sink.js';
import { FileMissing, assertDigest } from '../../http/transfer/transfer.errors.js';
import type { RepeatedAdmission } from './admission.service.js';
import { FileEmpty, IdempotencyKeyReused } from './intake.errors.js';
import { receiptOf } from './intake.dto.js';
import type { Receipt } from './intake.dto.js';
import type { UploadReception } from './upload.reception.js';

/**
 * What a request with a file has turned out to be. Each of them holds what its own kind needs and nothing else, and
 * knows how it begins (`open`), ends (`finish`) and is undone (`fail`); `release` gives back what it still holds.
 */
export type Reception = UndecidedForm | UploadReception | RepeatReception | SideCarReception;

/** Whose form it is, and what is known of it. */
interface KnownForm {
  readonly token: KnownToken;
  readonly begun: Begun;
  readonly uploads: UploadsService;
}

/**
 * A request before its file that has reserved nothing: a form that may hold a side-car, or whose token is a field that is
 * still to come.
 */
export class UndecidedForm {
  /** @param form null while it is nobody's, and while the admission accounts for what fails */
  constructor(private readonly form: KnownForm | null) {}

  get token(): KnownToken | null {
    return this.form?.token ?? null;
  }

  /** What it is has to be decided first. */
  open(): Promise<never> {
    return Promise.reject(new FileMissing());
  }

  /** @throws FileMissing: none came */
  finish(): Promise<never> {
    return Promise.reject(new FileMissing());
  }

  /** Counts its own fault. @throws the cause */
  async fail(cause: unknown): Promise<never> {
    if (this.form) {
      const { uploads, token, begun } = this.form;
      await uploads.refuse(token, begun, { filename: null, bytes: 0 }, cause);
    }
    throw cause;
  }

  withdraw(): Promise<void> {
    return Promise.resolve();
  }

  release(): void {
    // It holds nothing.
  }
}

/** The same upload was stored before: its body is only compared, and the answer is that of the first one. */
export class RepeatReception {
  constructor(
    private readonly admission: RepeatedAdmission,
    private readonly body: BodyTransfer,
    private readonly claimed: string | null,
  ) {}

  get token(): KnownToken {
    return this.admission.token;
  }

  open(_filename: string, digest: Tap): Promise<Writable> {
    return Promise.resolve(this.body.open(null, this.admission.meter, [digest]));
  }

  /** @throws FileEmpty, DigestMismatch, IdempotencyKeyReused where it is another file */
  finish(sha256: string): Promise<Receipt> {
    const { token, archive } = this.admission;
    if (this.body.size === 0) throw new FileEmpty();
    assertDigest(this.claimed, sha256);
    if (archive.sha256 !== sha256) throw new IdempotencyKeyReused();
    return Promise.resolve(receiptOf(token, archive));
  }

  /** Nothing was taken but a slot. @throws the cause */
  fail(cause: unknown): Promise<never> {
    throw cause;
  }

  withdraw(): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  release(): void {
    this.admission.lease.release();
  }
}
