import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { contains } from '../database/search.js';
import { Statement, entityIn } from '../database/statement.js';
import { NotFound } from '../errors/errors.js';
import { pageOf } from '../http/pages.js';
import { emptyPage } from '../http/cursor.js';
import type { Page } from '../http/cursor.js';
import { Platform } from '../platforms/platform.entity.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import { BlobStore } from '../storage/blob-store.js';
import { Ticket } from '../tickets/ticket.entity.js';
import { TicketsService } from '../tickets/tickets.service.js';
import { Archive } from './archive.entity.js';
import { archiveView } from './archives.dto.js';
import type { ArchiveQuery, ArchiveView, StorageView } from './archives.dto.js';

const archiveById = new Statement<{ id: string }>((manager) =>
  manager
    .createQueryBuilder(Archive, 'archive')
    .innerJoinAndSelect('archive.ticket', 'ticket')
    .innerJoinAndSelect('archive.platform', 'platform')
    .where('archive.id = :id'),
);

@Injectable()
export class ArchivesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: PlatformsService,
    private readonly tickets: TicketsService,
    private readonly store: BlobStore,
  ) {}

  async list(query: ArchiveQuery): Promise<Page<ArchiveView>> {
    const rows = this.dataSource
      .createQueryBuilder(Archive, 'archive')
      .innerJoinAndSelect('archive.ticket', 'ticket')
      .innerJoinAndSelect('archive.platform', 'platform');
    if (query.ticket !== undefined) {
      const ticket = await this.tickets.idOf(query.ticket);
      if (ticket === null) return emptyPage;
      rows.andWhere('archive.ticketId = :ticket', { ticket });
    }
    if (query.platform !== undefined) {
      const platform = await this.platforms.idOf(query.platform);
      if (platform === null) return emptyPage;
      rows.andWhere('archive.platformId = :platform', { platform });
    }
    if (query.q) rows.andWhere("archive.search LIKE :q ESCAPE '!'", { q: contains(query.q) });
    return pageOf(rows, query, archiveView);
  }

  async get(id: string): Promise<ArchiveView> {
    return archiveView(await this.find(this.dataSource.manager, id));
  }

  /** With its ticket and platform. @throws NotFound */
  async find(manager: EntityManager, id: string): Promise<Archive> {
    const [row] = await archiveById.rows(manager, { id });
    if (!row) throw new NotFound('archive');
    return {
      ...entityIn(manager, Archive, 'archive', row),
      ticket: entityIn(manager, Ticket, 'ticket', row),
      platform: entityIn(manager, Platform, 'platform', row),
    };
  }

  /** The volume as the operating system sees it, and the archives on it. */
  async storage(): Promise<StorageView> {
    const [space, archives] = await Promise.all([this.store.space(), this.platforms.totals()]);
    if (!space) return { total: null, used: null, free: null, usedPercent: null, archives };
    const { total, free } = space;
    const used = total - free;
    return {
      total,
      used,
      free,
      usedPercent: total === 0 ? 0 : Math.round((1000 * used) / total) / 10,
      archives,
    };
  }
}
