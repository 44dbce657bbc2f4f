import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { isForeignKeyViolation, isUniqueViolation } from '../database/errors.js';
import { NotFound } from '../errors/errors.js';
import { EventsService } from '../events/events.service.js';
import { actorOf } from '../http/actor.js';
import type { Actor } from '../http/actor.js';
import type { CallerOf } from '../http/allow.js';
import { pageOf } from '../http/pages.js';
import type { Page, PageQuery } from '../http/cursor.js';
import { newId } from '../secrets/secrets.js';
import { DeletionParticipants } from './deletion-participants.js';
import { Platform } from './platform.entity.js';
import { platformView } from './platforms.dto.js';
import type { ChangePlatform, CreatePlatform, PlatformView } from './platforms.dto.js';
import { PlatformExists, PlatformNotEmpty } from './platforms.errors.js';

/** What stands on a platform and can be deleted with it. */
export interface PlatformParticipant {
  /** Deletes all that it has of the platform, in transactions of its own. @throws StorageUnavailable */
  empty(platform: Platform, actor: Actor): Promise<void>;
}

export interface ArchiveTotal {
  readonly count: number;
  readonly bytes: number;
}

@Injectable()
export class PlatformsService implements OnApplicationBootstrap {
  readonly deletionParticipants = new DeletionParticipants<'tickets', PlatformParticipant>([
    'tickets',
  ]);

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
  ) {}

  onApplicationBootstrap(): void {
    this.deletionParticipants.all();
  }

  async list(query: PageQuery): Promise<Page<PlatformView>> {
    const rows = this.dataSource.createQueryBuilder(Platform, 'platform');
    return pageOf(rows, query, platformView);
  }

  async get(name: string): Promise<PlatformView> {
    return platformView(await this.find(this.dataSource.manager, name));
  }

  /** For filters, where an unknown name matches nothing. */
  async idOf(name: string): Promise<string | null> {
    return (await this.dataSource.manager.findOneBy(Platform, { name }))?.id ?? null;
  }

  /** @throws NotFound */
  async find(manager: EntityManager, name: string): Promise<Platform> {
    const platform = await manager.findOneBy(Platform, { name });
    if (!platform) throw new NotFound('platform');
    return platform;
  }

  /** @throws PlatformExists */
  async create(input: CreatePlatform, caller: CallerOf): Promise<PlatformView> {
    const now = new Date();
    const platform: Platform = {
      id: newId(),
      name: input.name,
      title: input.title,
      maxUploadBytes: input.maxUploadBytes ?? null,
      tokenAttempts: input.tokenAttempts ?? null,
      tokenLifetime: input.tokenLifetime ?? null,
      quotaBytes: input.quotaBytes ?? null,
      retentionDays: input.retentionDays ?? null,
      archiveCount: 0,
      archiveBytes: 0,
      createdAt: now,
      updatedAt: now,
    };
    try {
      await this.dataSource.transaction(async (tx) => {
        await tx.insert(Platform, platform);
        await this.events.record(tx, actorOf(caller), {
          name: 'platform.created',
          subject: { kind: 'platform', id: platform.name },
        });
      });
    } catch (cause) {
      throw isUniqueViolation(cause) ? new PlatformExists() : cause;
    }
    return platformView(platform);
  }

  /** @throws NotFound */
  async change(name: string, input: ChangePlatform, caller: CallerOf): Promise<PlatformView> {
    return this.dataSource.transaction(async (tx) => {
      // Only what was sent: a null clears a limit, an absent field keeps it.
      const changes = Object.fromEntries(
        Object.entries(input).filter(([, value]) => value !== undefined),
      );
      const { affected } = await tx.update(
        Platform,
        { name },
        { ...changes, updatedAt: new Date() },
      );
      if (affected !== 1) throw new NotFound('platform');
      await this.events.record(tx, actorOf(caller), {
        name: 'platform.changed',
        subject: { kind: 'platform', id: name },
        details: changes,
      });
      return platformView(await this.find(tx, name));
    });
  }

  /** @throws NotFound, PlatformNotEmpty where it has tickets and `cascade` is false, StorageUnavailable */
  async delete(name: string, cascade: boolean, caller: CallerOf): Promise<void> {
    const actor = actorOf(caller);
    const platform = await this.find(this.dataSource.manager, name);
    if (cascade)
      for (const participant of this.deletionParticipants.all())
        await participant.empty(platform, actor);
    try {
      await this.dataSource.transaction(async (tx) => {
        if ((await tx.delete(Platform, { id: platform.id })).affected !== 1)
          throw new NotFound('platform');
        await this.events.record(tx, actor, {
          name: 'platform.deleted',
          subject: { kind: 'platform', id: name },
        });
      });
    } catch (cause) {
      // The tickets' foreign key arbitrates: one that is being created is never orphaned.
      throw isForeignKeyViolation(cause) ? new PlatformNotEmpty() : cause;
    }
  }

  /** Archives of the platform go in this transaction; it holds the platform's row from here on. */
  async uncountArchives(
    tx: EntityManager,
    id: string,
    { count, bytes }: ArchiveTotal,
  ): Promise<void> {
    if (count === 0) return;
    await tx
      .createQueryBuilder()
      .update(Platform)
      .set({
        archiveCount: () => 'archive_count - :count',
        archiveBytes: () => 'archive_bytes - :bytes',
      })
      .where('id = :id', { id, count, bytes })
      .execute();
  }

  /** Bytes and number of all archives, from the counters that each archive's transaction keeps. */
  async totals(): Promise<ArchiveTotal> {
    const row = await this.dataSource
      .createQueryBuilder(Platform, 'platform')
      .select('SUM(platform.archiveCount)', 'count')
      .addSelect('SUM(platform.archiveBytes)', 'bytes')
      .getRawOne<{ count: unknown; bytes: unknown }>();
    // PostgreSQL returns sums as text, and both return null for no row.
    return { count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
  }
}
