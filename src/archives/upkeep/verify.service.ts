import { Injectable, Logger } from '@nestjs/common';
import { DataSource, MoreThan } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { systemActor } from '../../http/actor.js';
import { newDigest } from '../../secrets/digest.js';
import { BlobDamaged, BlobStore, blobKey } from '../../storage/blob-store.js';
import { Archive } from '../archive.entity.js';
import { SweepService } from './sweep.service.js';

export type Finding =
  | { readonly kind: 'missing' | 'changed'; readonly id: string; readonly filename: string }
  | { readonly kind: 'orphaned'; readonly id: string };

export interface Verified {
  readonly archives: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

const batchSize = 200;

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
        const kind = await this.judge(archive);
        // One that was deleted while it was read is no finding.
        if (kind !== 'intact' && (await this.mark(archive, kind)))
          findings.push({ kind, id: archive.id, filename: archive.filename });
        if (kind === 'intact' && archive.state === 'damaged') await this.restore(archive);
      }
      const last = batch.at(-1);
      if (!last) break;
      after = last.id;
    }
    const { orphans } = await this.sweeps.orphans();
    for (const orphan of orphans)
      findings.push({
        kind: 'orphaned',
        id: orphan.kind === 'foreign' ? orphan.name : orphan.key,
      });
    return { archives, bytes, findings };
  }

  private async judge({ id, size, sha256 }: Archive): Promise<'intact' | 'missing' | 'changed'> {
    const digest = newDigest();
    try {
      for await (const chunk of await this.store.open(blobKey(id), size))
        digest.update(chunk as Buffer);
    } catch (cause) {
      // A store that answers, and one file that cannot be read: a bad sector must not end the run.
      if (!(cause instanceof BlobDamaged)) await this.store.probe();
      return (await this.store.has(blobKey(id))) ? 'changed' : 'missing';
    }
    return digest.digest('hex') === sha256 ? 'intact' : 'changed';
  }

  /** @returns false where the archive is gone meanwhile */
  private async mark(archive: Archive, kind: 'missing' | 'changed'): Promise<boolean> {
    const { id, filename } = archive;
    return this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.update(Archive, { id }, { state: 'damaged' });
      if (affected !== 1) return false;
      if (archive.state !== 'damaged') {
        this.log.error({ event: 'archive.damaged', archiveId: id, kind });
        await this.audit.record(tx, systemActor, {
          action: 'archive.damaged',
          subject: { kind: 'archive', id },
          details: { kind, filename },
        });
      }
      return true;
    });
  }

  /** The bytes are right again, for example after a restore. */
  private async restore({ id }: Archive): Promise<void> {
    await this.dataSource.manager.update(Archive, { id }, { state: 'stored' });
    this.log.log({ event: 'archive.intact-again', archiveId: id });
  }
}
