import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { NotFound } from '../../errors/errors.js';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { Actor } from '../../http/actor.js';
import type { Person } from '../../http/allow.js';
import { Every, minuteMs } from '../../jobs/decorators.js';
import { isSecret, newSecret, sha256 } from '../../secrets/secrets.js';
import { ArchivesService } from '../archives.service.js';
import { DownloadLink } from './download-link.entity.js';
import type { DownloadLinkView } from './downloads.dto.js';

/** Lifetime of a link. */
const linkMs = 5 * 60 * 1000;

/** A link that could be used when it was looked up. */
export interface UsableLink {
  readonly hash: string;
  readonly archiveId: string;
  /** The person who created it: the download is theirs in the audit. */
  readonly actor: Actor;
}

/** Links that download one archive once. */
@Injectable()
export class DownloadLinks {
  constructor(
    private readonly dataSource: DataSource,
    private readonly archives: ArchivesService,
    private readonly events: EventsService,
  ) {}

  /** @throws NotFound */
  async create(archiveId: string, person: Person, base: string): Promise<DownloadLinkView> {
    const secret = newSecret('lcd_');
    const expiresAt = new Date(Date.now() + linkMs);
    await this.dataSource.transaction(async (tx) => {
      const archive = await this.archives.find(tx, archiveId);
      await tx.insert(DownloadLink, {
        hash: sha256(secret),
        archiveId: archive.id,
        userId: person.userId,
        expiresAt,
        usedAt: null,
      });
      await this.events.record(tx, actorOf(person), {
        name: 'download_link.created',
        subject: { kind: 'archive', id: archive.id },
        details: { ticket: archive.ticket?.number ?? '' },
      });
    });
    return { url: `${base}/api/v1/downloads/${secret}`, expiresAt: expiresAt.toISOString() };
  }

  /** @throws NotFound for a link that is unknown, used, expired, or whose maker may no longer download */
  async find(secret: string): Promise<UsableLink> {
    if (!isSecret('lcd_', secret)) throw new NotFound('download link');
    const hash = sha256(secret);
    const link = await this.dataSource.manager.findOne(DownloadLink, {
      where: { hash },
      relations: { user: true },
    });
    if (!link?.user || link.user.disabled || link.usedAt || link.expiresAt <= new Date())
      throw new NotFound('download link');
    const { id, username } = link.user;
    return {
      hash,
      archiveId: link.archiveId,
      actor: { kind: 'person', id, name: username },
    };
  }

  /** Uses it up; of two who try at once one succeeds. @throws NotFound */
  async use(tx: EntityManager, { hash }: UsableLink): Promise<void> {
    const { affected } = await tx
      .createQueryBuilder()
      .update(DownloadLink)
      .set({ usedAt: new Date() })
      .where('hash = :hash AND used_at IS NULL AND expires_at > :now', { hash, now: Date.now() })
      .execute();
    if (affected !== 1) throw new NotFound('download link');
  }

  @Every(10 * minuteMs)
  async removeExpired(now: Date): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .delete()
      .from(DownloadLink)
      .where('expires_at <= :now', { now: now.getTime() })
      .execute();
  }
}
