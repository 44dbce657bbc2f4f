import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { DomainError } from '../../errors/domain-error.js';
import { NotFound, ValidationFailed } from '../../errors/errors.js';
import { newDigest } from '../../secrets/digest.js';
import { newId } from '../../secrets/secrets.js';
import { UploadTokenUnknown } from '../../tickets/tokens/upload-tokens.errors.js';
import { Archive } from '../../archives/archive.entity.js';
import { AdmissionService } from '../intake/admission.service.js';
import type { ResumableAdmission } from '../intake/admission.service.js';
import type { Claims } from '../intake/claims.js';
import { FileEmpty } from '../intake/intake.errors.js';
import { UploadEnded } from '../records/upload-outcome.policy.js';
import type { Sender } from '../intake/upload-shares.js';
import { UploadsService } from '../records/uploads.service.js';
import { BetweenRequests } from './between-requests.js';
import { HoldsElsewhere } from './holds-elsewhere.service.js';
import { ResumableCompletion } from './resumable-completion.service.js';
import type { Progress, Transfer } from './resumable-completion.service.js';
import { ResumableRows } from './resumable-rows.service.js';
import { UploadTakenOver } from './resumable.errors.js';

/** The life of uploads that take many requests, but for their bytes. */
@Injectable()
export class ResumableService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly rows: ResumableRows,
    private readonly elsewhere: HoldsElsewhere,
    private readonly between: BetweenRequests,
    private readonly admissions: AdmissionService,
    private readonly uploads: UploadsService,
    private readonly completion: ResumableCompletion,
  ) {}

  /**
   * Takes an attempt and room for a new upload, and holds it; or finds the one that its key stands for.
   * @throws what refuses a one-request upload, too
   */
  async create(
    sender: Sender,
    claims: Claims,
    { filename, metadata }: { readonly filename: string; readonly metadata: string | null },
    abort: AbortController,
  ): Promise<Transfer | Exclude<ResumableAdmission, { kind: 'reserved' }>> {
    const { tokenId } = sender;
    const id = newId();
    const writer = this.rows.beginHold(id, abort);
    let isHeld = false;
    try {
      const details = { filename, metadata };
      const hold = { id, writer };
      const admission = await this.admissions.admitResumable(sender, claims, details, hold);
      if (admission.kind !== 'reserved') return admission;
      isHeld = true;
      const { token, upload, space, leave } = admission;
      this.between.put(id, { digest: newDigest(), size: 0, space });
      const about = { ...upload, ...hold, ...details, sha256: claims.sha256 };
      const row = { ...about, tokenId, provedBytes: null, activeAt: new Date() };
      return { row, token, abort, hasGrown: false, leave, isSettled: false };
    } finally {
      if (!isHeld) this.rows.forget(id, writer);
    }
  }

  /** Takes hold of an unfinished upload of this token. @throws NotFound, UploadBusy */
  async hold(id: string, tokenId: string, abort: AbortController): Promise<Transfer> {
    const row = await this.rows.seize(await this.rows.find(id, tokenId), abort);
    try {
      const token = await this.uploads.tokenOf(tokenId);
      return { row, token, abort, hasGrown: false, leave: null, isSettled: false };
    } catch (cause) {
      await this.rows.release(row, false);
      throw cause;
    }
  }

  /** Ends a request that hangs on a dead connection: the client asks anew, so it has given up that one. */
  async free(id: string, tokenId: string): Promise<void> {
    const row = await this.rows.rowOf(id, tokenId);
    if (!row) return;
    await this.rows.free(id, new UploadTakenOver());
    await this.elsewhere.end(row);
  }

  /** @returns what to say where it was ended meanwhile: what came after that is gone, too */
  async release(transfer: Transfer): Promise<DomainError | null> {
    transfer.leave?.();
    const { row, token } = transfer;
    if (transfer.isSettled) this.rows.forget(row.id, row.writer);
    else if (!(await this.rows.release(row, transfer.hasGrown))) {
      this.between.drop(row.id);
      const failed = await this.rows.fail(token, row, new UploadTokenUnknown());
      if (failed === 'deleted') return this.rows.lost(row);
    }
    return null;
  }

  /**
   * How far it has come. All of its bytes without an archive are what a crash left between the last byte and the
   * record: it is completed now, so that a client which is told the full length is told of an archive.
   * @throws NotFound; what refuses the archive at its end
   */
  async progress(
    id: string,
    { tokenId, address }: Sender,
    abort: AbortController,
  ): Promise<Progress> {
    for (;;) {
      const row = await this.rows.find(id, tokenId).catch((cause: unknown) => {
        if (cause instanceof NotFound) return null;
        throw cause;
      });
      if (!row) return this.finished(id, tokenId);
      const progress = await this.completion.progressOf(row);
      if (progress.length === null || progress.offset < progress.length) return progress;
      const transfer = await this.hold(id, tokenId, abort).catch((cause: unknown) => {
        // Somebody else completed it at this moment.
        if (cause instanceof NotFound) return null;
        throw cause;
      });
      if (!transfer) continue;
      try {
        transfer.leave = this.admissions.enter({ tokenId, address });
        await this.completion.completeHeld(transfer);
      } finally {
        await this.release(transfer);
      }
    }
  }

  /** What a later request says of the digest of the whole. @throws ValidationFailed where it contradicts an earlier one */
  async claim({ row }: Transfer, sha256: string): Promise<void> {
    if (row.sha256 === sha256) return;
    if (row.sha256 !== null)
      throw new ValidationFailed([
        { field: 'repr-digest', message: 'must agree with that of the creation' },
      ]);
    await this.rows.note(row, { sha256 });
    row.sha256 = sha256;
  }

  /** The same for who holds it, and completes it himself. */
  progressOf({ row }: Transfer): Promise<Progress> {
    return this.completion.progressOf(row);
  }

  /** @throws FileEmpty, UploadTooLarge, QuotaExceeded */
  async declare(transfer: Transfer, length: number): Promise<void> {
    const { limit, exceeded } = this.admissions.limits(transfer.token);
    if (length === 0) throw new FileEmpty();
    if (length > limit) throw exceeded();
    await this.rows.note(transfer.row, { declaredBytes: length });
    transfer.row.declaredBytes = length;
    const kept = this.between.take(transfer.row.id);
    // It was taken for a length that nobody knew.
    kept?.space?.release();
    if (kept) this.between.put(transfer.row.id, { ...kept, space: null });
  }

  /** Its client wants it no more. */
  async end(transfer: Transfer, cause: unknown = new UploadEnded('ended')): Promise<void> {
    await this.completion.settleFailed(transfer, cause);
  }

  /** What has become of an upload that is no more. */
  private async finished(id: string, tokenId: string): Promise<Progress> {
    const archive = await this.dataSource.manager.findOneBy(Archive, { id, tokenId });
    if (!archive) throw new NotFound('upload');
    const { size, sha256 } = archive;
    const metadata = `filename ${Buffer.from(archive.filename).toString('base64')}`;
    // It expires no more, however long ago it was.
    return { id, offset: size, length: size, metadata, activeAt: new Date(), sha256 };
  }
}
