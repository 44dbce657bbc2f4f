import type { Writable } from 'node:stream';
import { DomainError } from '../../errors/domain-error.js';
import { blobKey } from '../../storage/blob-store.js';
import type { BlobStore, PartialBlob } from '../../storage/blob-store.js';
import { UploadTokenUnknown } from '../../tickets/tokens/upload-tokens.errors.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import type { UploadsService } from '../records/uploads.service.js';
import type { BodyTransfer } from '../../http/transfer/body-transfer.js';
import type { Tap } from '../../http/transfer/metered-sink.js';
import { FileMissing, assertDigest } from '../../http/transfer/transfer.errors.js';
import type { ReservedAdmission } from './admission.service.js';
import type { CompletionService } from './completion.service.js';
import { FileEmpty } from './intake.errors.js';
import { receiptOf } from './intake.dto.js';
import type { Receipt } from './intake.dto.js';

export interface UploadServices {
  readonly store: BlobStore;
  readonly uploads: UploadsService;
  readonly completion: CompletionService;
}

/** A new upload on its way: its bytes go into a partial blob, and its lease ends with it. */
export class UploadReception {
  /** Null where its file has not begun. */
  private file: { readonly name: string; readonly partial: PartialBlob } | null = null;

  constructor(
    private readonly services: UploadServices,
    private readonly admission: ReservedAdmission,
    private readonly body: BodyTransfer,
    private readonly claimed: string | null,
  ) {}

  get token(): KnownToken {
    return this.admission.token;
  }

  /** @throws StorageUnavailable, StorageFull */
  async open(name: string, digest: Tap): Promise<Writable> {
    const { upload, meter } = this.admission;
    const { store, uploads } = this.services;
    const partial = await this.body.holdBack(() => store.begin(blobKey(upload.id)));
    this.file = { name, partial };
    uploads.named(upload.id, name);
    return this.body.open(partial.writable, meter, [digest]);
  }

  /** Makes an archive of it. @throws FileEmpty, DigestMismatch, and what refuses it in the completion */
  finish(sha256: string): Promise<Receipt> {
    const { file, body } = this;
    if (!file) throw new FileMissing();
    if (body.size === 0) throw new FileEmpty();
    assertDigest(this.claimed, sha256);
    const received = { filename: file.name, size: body.size, sha256 };
    return this.services.completion.complete(
      this.admission.lease,
      this.admission,
      received,
      file.partial,
    );
  }

  /** Removes the bytes and gives the attempt back. @throws the cause, unless the archive turns out to be stored */
  async fail(cause: unknown): Promise<Receipt> {
    const { upload, lease, token } = this.admission;
    const { uploads } = this.services;
    this.body.close();
    await this.file?.partial.discard();
    const filename = this.file?.name ?? upload.filename;
    const failed = await lease.fail({ filename, bytes: this.body.size }, cause);
    // The file system then misses what the deletion took; that is no fault of the storage.
    if (failed === 'deleted' && !(cause instanceof DomainError)) throw new UploadTokenUnknown();
    if (failed !== 'stored') throw cause;
    return receiptOf(await uploads.tokenOf(token.id), await uploads.stored(upload.id));
  }

  /** It turned out to be no upload, before any byte was kept. */
  async withdraw(): Promise<void> {
    await this.admission.lease.withdraw();
    this.release();
  }

  release(): void {
    this.admission.lease.release();
  }
}
