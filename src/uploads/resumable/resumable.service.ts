import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import type { DomainError } from '../../errors/domain-error.js';
import { NotFound, ValidationFailed } from '../../errors/errors.js';
import { Every } from '../../jobs/decorators.js';
import { newDigest } from '../../secrets/digest.js';
import { newId } from '../../secrets/secrets.js';
import { UploadTokenUnknown } from '../../tickets/tokens/upload-tokens.errors.js';
import { Archive } from '../../archives/archive.entity.js';
import { AdmissionService } from '../intake/admission.service.js';
import type { KnownUpload } from '../intake/admission.service.js';
import type { Claims } from '../intake/claims.js';
import { FileEmpty } from '../intake/intake.errors.js';
import { AbandonedUploads } from '../records/abandoned-uploads.service.js';
import { Upload } from '../records/upload.entity.js';
import { UploadEnded } from '../records/upload-outcome.policy.js';
import type { Sender } from '../intake/upload-shares.js';
import { UploadsService } from '../records/uploads.service.js';
import { UploadHolders } from '../records/upload-holders.service.js';
import { UploadLeases } from '../intake/upload-leases.service.js';
import { ResumeCache } from './resume-cache.js';
import { HoldsElsewhere } from './holds-elsewhere.service.js';
import { ResumableCompletion } from './resumable-completion.service.js';
import type { Progress, Transfer } from './resumable-completion.service.js';
import { UploadTakenOver } from './resumable.errors.js';

/** The life of uploads that take many requests, but for their bytes. */
@Injectable()
export class ResumableService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly holders: UploadHolders,
    private readonly leases: UploadLeases,
    private readonly elsewhere: HoldsElsewhere,
    private readonly cache: ResumeCache,
    private readonly admissions: AdmissionService,
    private readonly uploads: UploadsService,
    private readonly abandoned: AbandonedUploads,
    private readonly completion: ResumableCompletion,
    private readonly config: Config,
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
  ): Promise<Transfer | KnownUpload> {
    const { tokenId } = sender;
    const id = newId();
    const writer = this.holders.beginHold(id, abort);
    let isHeld = false;
    try {
      const details = { filename, metadata };
      const hold = { id, writer };
      const admission = await this.admissions.admitResumable(sender, claims, details, hold);
      if (admission.kind !== 'reserved') return admission;
      isHeld = true;
      const { token, upload, lease } = admission;
      this.cache.put(id, { digest: newDigest(), size: 0 });
      const about = { ...upload, ...hold, ...details, sha256: claims.sha256 };
      const row = { ...about, tokenId, provedBytes: null, activeAt: new Date() };
      return { row, token, lease, abort, hasGrown: false };
    } finally {
      if (!isHeld) this.holders.forget(id, writer);
    }
  }

  /** Takes hold of an unfinished upload of this token. @throws NotFound, UploadBusy */
  async hold(id: string, tokenId: string, abort: AbortController): Promise<Transfer> {
    const row = await this.holders.seize(await this.find(id, tokenId), abort);
    try {
      const token = await this.uploads.tokenOf(tokenId);
      const lease = this.leases.resume({ token, upload: row });
      return { row, token, lease, abort, hasGrown: false };
    } catch (cause) {
      await this.holders.release(row, false);
      throw cause;
    }
  }

  /** Ends a request that hangs on a dead connection: the client asks again, so it has given up that one. */
  async free(id: string, tokenId: string): Promise<void> {
    const row = await this.rowOf(id, tokenId);
    if (!row) return;
    await this.holders.free(id, new UploadTakenOver());
    await this.elsewhere.end(row);
  }

  /** @returns what to say where it was ended meanwhile: what came after that is gone, too */
  async release(transfer: Transfer): Promise<DomainError | null> {
    const { row, lease } = transfer;
    if (!lease.isOpen) {
      lease.release();
      this.holders.forget(row.id, row.writer);
      return null;
    }
    this.leases.park(row.id, lease);
    if (await this.holders.release(row, transfer.hasGrown)) return null;
    const failed = await this.completion.fail(transfer, new UploadTokenUnknown());
    this.leases.drop(row.id);
    return failed === 'deleted' ? this.holders.lost(row) : null;
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
      const row = await this.find(id, tokenId).catch((cause: unknown) => {
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
        transfer.lease.enter({ tokenId, address });
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
    await this.holders.note(row, { sha256 });
    row.sha256 = sha256;
  }

  /** The same for a request that holds it, and completes it itself. */
  progressOf({ row }: Transfer): Promise<Progress> {
    return this.completion.progressOf(row);
  }

  /** @throws FileEmpty, UploadTooLarge, QuotaExceeded */
  async declare({ row, token, lease }: Transfer, length: number): Promise<void> {
    const { limit, exceeded } = this.admissions.limits(token);
    if (length === 0) throw new FileEmpty();
    if (length > limit) throw exceeded();
    await this.holders.note(row, { declaredBytes: length });
    row.declaredBytes = length;
    // It was taken for a length that nobody knew.
    lease.releaseRoom();
  }

  /** Its client wants it no more. */
  async end(transfer: Transfer, cause: unknown = new UploadEnded('ended')): Promise<void> {
    await this.completion.settleFailed(transfer, cause);
  }

  /** Ends what nobody has resumed for UPLOAD_EXPIRY, and what came by a token that was revoked. Returns how many. */
  @Every(5_000, 'each')
  async expire(now: Date): Promise<number> {
    await this.holders.releaseLate();
    const rows = await this.dataSource
      .createQueryBuilder(Upload, 'upload')
      .innerJoinAndSelect('upload.token', 'token')
      .where('upload.way = :way', { way: 'tus' })
      .andWhere('(upload.activeAt < :before OR token.revokedAt IS NOT NULL)', {
        before: now.getTime() - 1000 * this.config.UPLOAD_EXPIRY,
      })
      .getMany();
    let ended = 0;
    for (const row of rows) {
      if (!(await this.abandoned.end(row, row.token?.revokedAt ? 'revoked' : 'expired'))) continue;
      this.cache.drop(row.id);
      this.leases.drop(row.id);
      ended += 1;
    }
    return ended;
  }

  /** @throws NotFound for one that is unknown, another token's, or expired */
  private async find(id: string, tokenId: string): Promise<Upload> {
    const row = await this.rowOf(id, tokenId);
    if (!row || (row.writer === null && this.uploads.isExpired(row))) throw new NotFound('upload');
    return row;
  }

  /** This token's; null where it has no such upload. */
  private rowOf(id: string, tokenId: string): Promise<Upload | null> {
    return this.dataSource.manager.findOneBy(Upload, { id, tokenId, way: 'tus' });
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
