import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { EventsService } from '../events/events.service.js';
import { systemActor } from '../http/actor.js';
import { BlobOwners } from '../storage/blobs/blob-owners.js';
import type { BlobOwner, Damage, Owner } from '../storage/blobs/blob-owners.js';
import { original } from '../storage/blobs/blob-record.entity.js';
import type { BlobRecord } from '../storage/blobs/blob-record.entity.js';
import { Archive } from './archive.entity.js';

/** An archive as the owner of its blobs. */
export const archiveOwner = (id: string): Owner => ({ kind: 'archive', id });

/** Answers for archives in the register of blobs. */
@Injectable()
export class ArchiveBlobs implements BlobOwner, OnModuleInit {
  private readonly log = new Logger(ArchiveBlobs.name);

  constructor(
    private readonly owners: BlobOwners,
    private readonly events: EventsService,
  ) {}

  onModuleInit(): void {
    this.owners.register('archive', this);
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
