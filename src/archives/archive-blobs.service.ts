import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { EventsService } from '../events/events.service.js';
import { systemActor } from '../http/actor.js';
import { BlobOwners } from '../storage/blobs/blob-owners.js';
import type { BlobOwner, Damage, Owner } from '../storage/blobs/blob-owners.js';
import { original } from '../storage/blobs/blob-record.entity.js';
import type { BlobRecord } from '../storage/blobs/blob-record.entity.js';
import { BlobRegister } from '../storage/blobs/blob-register.service.js';
import { Tombstones } from '../storage/blobs/tombstones.service.js';
import { Archive } from './archive.entity.js';

/** An archive as the owner of its blobs. */
export const archiveOwner = (id: string): Owner => ({ kind: 'archive', id });

/** Answers for archives in the register of blobs. */
@Injectable()
export class ArchiveBlobs implements BlobOwner, OnModuleInit {
  private readonly log = new Logger(ArchiveBlobs.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly owners: BlobOwners,
    private readonly register: BlobRegister,
    private readonly tombstones: Tombstones,
    private readonly events: EventsService,
  ) {}

  onModuleInit(): void {
    this.owners.register('archive', this);
  }

  async adopt(since: Date): Promise<void> {
    await this.dataSource.query(
      'INSERT INTO blobs (key, owner_kind, owner_id, role, state, size, sha256) ' +
        "SELECT id, 'archive', id, 'original', state, size, sha256 FROM archives " +
        `WHERE uploaded_at > ${since.getTime()} ` +
        'AND NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.key = archives.id) ' +
        // Another process does the same at this moment.
        'ON CONFLICT DO NOTHING',
    );
  }

  /**
   * Takes all blobs from archives whose rows this transaction has deleted.
   * @returns keys to bury after the commit
   */
  async release(tx: EntityManager, ids: readonly string[]): Promise<readonly string[]> {
    const keys: readonly string[] = await this.register.release(tx, ids.map(archiveOwner));
    // One that was not adopted yet: an original's key is its archive's id.
    const released = new Set(keys);
    const others = ids.filter((id) => !released.has(id));
    await this.tombstones.add(tx, others);
    return [...keys, ...others];
  }

  /** Changes nothing, but takes the row: on PostgreSQL a deletion waits for it. */
  async hold(tx: EntityManager, id: string): Promise<boolean> {
    return (await tx.update(Archive, { id }, { id })).affected === 1;
  }

  async nameOf(manager: EntityManager, id: string): Promise<string | null> {
    const archive = await manager.findOne(Archive, { select: { filename: true }, where: { id } });
    return archive?.filename ?? null;
  }

  /** Without its original it is no longer offered for download; a derived blob can be made again. */
  async damaged(tx: EntityManager, { ownerId: id, role }: BlobRecord, kind: Damage): Promise<void> {
    if (role !== original) {
      this.log.error({ event: 'archive.derived-damaged', archiveId: id, role, kind });
      return;
    }
    await tx.update(Archive, { id }, { state: 'damaged' });
    this.log.error({ event: 'archive.damaged', archiveId: id, kind });
    await this.events.record(tx, systemActor, {
      name: 'archive.damaged',
      subject: { kind: 'archive', id },
      details: { kind, filename: (await this.nameOf(tx, id)) ?? '' },
    });
  }

  async intactAgain(tx: EntityManager, { ownerId: id, role }: BlobRecord): Promise<void> {
    if (role !== original) return;
    await tx.update(Archive, { id }, { state: 'stored' });
    this.log.log({ event: 'archive.intact-again', archiveId: id });
  }
}
