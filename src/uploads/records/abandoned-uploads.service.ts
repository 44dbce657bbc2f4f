import { Injectable } from '@nestjs/common';
import { DataSource, Not } from 'typeorm';
import { Config } from '../../config/config.js';
import { Instance } from '../../database/instance.js';
import { NotFound } from '../../errors/errors.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import { Tombstones } from '../../storage/blobs/tombstones.service.js';
import { recordAttempt } from './attempt.entity.js';
import { Upload } from './upload.entity.js';
import { UploadHolders } from './upload-holders.service.js';
import { UploadEnded } from './upload-outcome.policy.js';
import { UploadBusy } from './uploads.errors.js';
import { UploadsService } from './uploads.service.js';

/** Uploads that no request works on any more: settles them, so that their attempts are the customer's again. */
@Injectable()
export class AbandonedUploads {
  constructor(
    private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly uploads: UploadsService,
    private readonly holders: UploadHolders,
    private readonly tombstones: Tombstones,
    private readonly store: BlobStore,
    private readonly config: Config,
  ) {}

  /**
   * One-request uploads whose process died, or whose clean-up failed; resumable ones outlive their process.
   * @returns how many
   */
  async reclaim(): Promise<number> {
    const isWorkedOn = this.uploads.activeNow();
    const rows = await this.dataSource.manager.findBy(Upload, { way: Not('tus') });
    const alive = await this.instance.living(rows.map(({ instance }) => instance));
    let reclaimed = 0;
    for (const row of rows) {
      const { id, instance } = row;
      const isOurs = instance === this.instance.number;
      if (isOurs ? isWorkedOn(id) : alive.has(instance)) continue;
      if (await this.interrupt(row)) reclaimed += 1;
    }
    return reclaimed;
  }

  /**
   * Ends this upload where no request will: its process died, its clean-up failed, or it was not resumed in time.
   * @returns false where a request works on it, or it was settled meanwhile
   */
  async endAbandoned(row: Upload): Promise<boolean> {
    const { id, instance, way } = row;
    if (way === 'tus') return this.uploads.isExpired(row) && (await this.end(row, 'expired'));
    const isWorkedOn =
      instance === this.instance.number
        ? this.uploads.activeNow()(id)
        : await this.instance.isAlive(instance);
    return !isWorkedOn && (await this.interrupt(row));
  }

  /**
   * Ends a resumable upload of this token that never got a byte and that nobody touches: the answer to its creation was
   * lost, and it must not keep an attempt from a customer who has no other.
   * @returns whether there was one
   */
  async dropUntouched(tokenId: string): Promise<boolean> {
    const rows = await this.dataSource.manager.find(Upload, {
      where: { tokenId, way: 'tus' },
      order: { id: 'ASC' },
    });
    const before = Date.now() - 1000 * this.config.UPLOAD_IDLE_TIMEOUT;
    for (const row of rows)
      if (
        (row.activeAt?.getTime() ?? 0) < before &&
        (await this.end(row, 'expired', () => this.hasNoBytes(row.id)))
      )
        return true;
    return false;
  }

  /**
   * Ends a resumable upload without an archive.
   * @param may looked at while nobody else holds it
   * @returns false where a request holds it
   */
  async end(
    row: Upload,
    reason: UploadEnded['reason'],
    may = (): Promise<boolean> => Promise.resolve(true),
  ): Promise<boolean> {
    try {
      const held = await this.holders.seize(row, new AbortController());
      try {
        if (!(await may())) return false;
        const token = await this.uploads.tokenOf(row.tokenId);
        const brought = { filename: row.filename, bytes: await this.bytesOf(row.id) };
        const failed = await this.uploads.fail(token, held, brought, new UploadEnded(reason));
        return failed !== 'unsettled';
      } finally {
        await this.holders.release(held, false);
      }
    } catch (cause) {
      if (cause instanceof UploadBusy || cause instanceof NotFound) return false;
      throw cause;
    }
  }

  /** What came of a resumable upload; null where the store cannot be asked. */
  bytesOf(id: string): Promise<number | null> {
    return this.store.sizeOfPartial(blobKey(id)).catch(() => null);
  }

  private interrupt(row: Upload): Promise<boolean> {
    const { id, tokenId, filename } = row;
    return this.dataSource.transaction(async (tx) => {
      if (!(await this.uploads.settleFailed(tx, { id }, tokenId, false))) return false;
      await this.tombstones.add(tx, [id]);
      await recordAttempt(tx, tokenId, row, { filename, bytes: null }, 'interrupted');
      return true;
    });
  }

  private async hasNoBytes(id: string): Promise<boolean> {
    const key = blobKey(id);
    return (await this.store.sizeOfPartial(key)) === 0 && !(await this.store.has(key));
  }
}
