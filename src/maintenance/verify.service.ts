import { Injectable, Logger } from '@nestjs/common';
import { DataSource, MoreThan } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { ShuttingDown } from '../errors/errors.js';
import { systemActor } from '../http/actor.js';
import { newDigest } from '../secrets/digest.js';
import { BlobDamaged, BlobStore, blobKey } from '../storage/blob-store.js';
import type { Stored } from '../storage/blob-store.js';
import { isMediaError } from '../storage/errors.js';
import { Archive } from '../archives/archive.entity.js';
import { SweepService, nameOf } from './sweep.service.js';

/**
 * 'missing' and 'changed' are of the bytes, and mark the archive. 'unreadable' is of this moment (a folder's
 * permissions, say): it says nothing of the bytes, and marks nothing.
 */
type Condition = 'missing' | 'changed' | 'unreadable';

export type Finding =
  | { readonly kind: Condition; readonly id: string; readonly filename: string }
  | { readonly kind: 'orphaned'; readonly id: string };

export interface Verified {
  readonly archives: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** Called after each piece that was read; what it throws ends the reading. */
export type Pace = (bytes: number) => Promise<void> | undefined;

const batchSize = 200;
/** More names than this say nothing more: look with `sweep --dry-run`. */
const mostNamed = 20;

/** Re-hashes every archive and compares store and database both ways. */
@Injectable()
export class VerifyService {
  private readonly log = new Logger(VerifyService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly sweeps: SweepService,
    private readonly audit: AuditService,
  ) {}

  /** @throws StorageUnavailable where the store is not there at all: then nothing is marked */
  async verify(): Promise<Verified> {
    await this.store.probe();
    const findings: Finding[] = [];
    let [archives, bytes, after] = [0, 0, ''];
    for (;;) {
      const batch = await this.dataSource.manager.find(Archive, {
        where: { id: MoreThan(after) },
        order: { id: 'ASC' },
        take: batchSize,
      });
      for (const archive of batch) {
        archives += 1;
        bytes += archive.size;
        const finding = await this.check(archive);
        if (finding) findings.push(finding);
      }
      const last = batch.at(-1);
      if (!last) break;
      after = last.id;
    }
    for (const stray of await this.strays())
      findings.push({ kind: 'orphaned', id: stray.kind === 'foreign' ? stray.name : stray.key });
    return { archives, bytes, findings };
  }

  /**
   * Re-hashes one archive and marks it by what that says.
   * @returns null where it is intact, or was deleted while it was read
   * @throws StorageUnavailable and its like where the store is not there, and what the pace throws
   */
  async check(archive: Archive, pace?: Pace): Promise<Finding | null> {
    const { id, filename } = archive;
    // Twice: a volume may have gone and come back, or somebody may just be copying the right bytes into place.
    const condition = (await this.judge(archive, pace)) && (await this.judge(archive, pace));
    if (condition === null) {
      if (archive.state === 'damaged') await this.restore(archive);
      return null;
    }
    if (condition === 'unreadable') this.log.error({ event: 'archive.unreadable', archiveId: id });
    else if (!(await this.mark(archive, condition))) return null;
    return { kind: condition, id, filename };
  }

  /**
   * Files without a record, at two looks: one that is just being removed is there at one of them only. They are told to
   * the log and the audit, and stay.
   */
  async strays(): Promise<readonly Stored[]> {
    const { orphans } = await this.sweeps.orphans();
    if (orphans.length === 0) return [];
    const still = new Set((await this.sweeps.orphans()).orphans.map(nameOf));
    const strays = orphans.filter((orphan) => still.has(nameOf(orphan)));
    if (strays.length === 0) return [];
    const files = strays.slice(0, mostNamed).map(nameOf);
    this.log.warn({ event: 'storage.strays-found', count: strays.length, files });
    await this.dataSource.transaction((tx) =>
      this.audit.record(tx, systemActor, {
        action: 'storage.strays-found',
        subject: { kind: 'storage', id: null },
        details: { count: strays.length, files: files.join(', ') },
      }),
    );
    return strays;
  }

  /** @returns null where it is intact */
  private async judge({ id, size, sha256 }: Archive, pace?: Pace): Promise<Condition | null> {
    const digest = newDigest();
    try {
      for await (const chunk of await this.store.open(blobKey(id), size)) {
        const piece = chunk as Buffer;
        digest.update(piece);
        await pace?.(piece.length);
      }
    } catch (cause) {
      if (cause instanceof ShuttingDown) throw cause;
      const isDamaged = cause instanceof BlobDamaged;
      // A store that answers, and one file that cannot be read: a bad sector must not end the run.
      if (!isDamaged) await this.store.probe();
      const isThere = await this.store.has(blobKey(id)).catch(async () => {
        await this.store.probe();
        return null;
      });
      if (isThere === false) return 'missing';
      return isThere && (isDamaged || isMediaError(cause)) ? 'changed' : 'unreadable';
    }
    return digest.digest('hex') === sha256 ? null : 'changed';
  }

  /** @returns false where the archive is gone meanwhile */
  private async mark({ id, filename }: Archive, kind: Condition): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.update(Archive, { id, state: 'stored' }, { state: 'damaged' });
      // Marked before, perhaps a moment ago by a command beside the service: said once.
      if (affected !== 1) return tx.existsBy(Archive, { id });
      this.log.error({ event: 'archive.damaged', archiveId: id, kind });
      await this.audit.record(tx, systemActor, {
        action: 'archive.damaged',
        subject: { kind: 'archive', id },
        details: { kind, filename },
      });
      return true;
    });
  }

  /** The bytes are right again, for example after a restore. */
  private async restore({ id }: Archive): Promise<void> {
    await this.dataSource.manager.update(Archive, { id }, { state: 'stored' });
    this.log.log({ event: 'archive.intact-again', archiveId: id });
  }
}
