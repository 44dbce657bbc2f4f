import { Injectable, Logger } from '@nestjs/common';
import contentDisposition from 'content-disposition';
import type { Request, Response } from 'express';
import { finished } from 'node:stream/promises';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Config } from '../../config/config.js';
import type { DomainEvent } from '../../events/events.js';
import { EventsService } from '../../events/events.service.js';
import type { Actor } from '../../http/actor.js';
import { digestField } from '../../secrets/digest.js';
import { BlobDamaged, BlobStore, blobKey } from '../../storage/blob-store.js';
import { sendBytes } from '../../storage/file-source.js';
import { Archive } from '../archive.entity.js';
import { ArchivesService } from '../archives.service.js';
import { DownloadLinks } from './download-links.service.js';
import { PreconditionFailed, RangeNotSatisfiable } from './downloads.errors.js';
import { isKnown, isMeant } from './precondition.policy.js';
import { rangeWish } from './range.policy.js';

/**
 * Readers differ on what bytes beyond ASCII mean in the plain parameter (RFC 6266, appendix D): there each becomes a
 * question mark, and the name follows in UTF-8.
 */
const attachmentOf = (filename: string): string =>
  contentDisposition(filename, { fallback: filename.replace(/[^\x20-\x7e]/gu, '?') });

const contentType = 'application/octet-stream';

/** Delivers archives, whole or in part, and never less than it says. */
@Injectable()
export class DownloadsService {
  private readonly log = new Logger(DownloadsService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly archives: ArchivesService,
    private readonly links: DownloadLinks,
    private readonly store: BlobStore,
    private readonly events: EventsService,
    private readonly config: Config,
  ) {}

  /** Answers GET and HEAD. A download is audited before its first byte: what is not recorded is not sent. */
  async send(req: Request, res: Response, id: string, actor: Actor): Promise<void> {
    const archive = await this.archives.find(this.dataSource.manager, id);
    await this.deliver(req, res, archive, (details) =>
      this.dataSource.transaction((tx) => this.recordDownload(tx, archive, actor, details)),
    );
  }

  /**
   * Answers GET and HEAD of a link. The first GET that gets as far as its bytes uses it up; HEAD does not.
   * @throws NotFound for a link that is unknown, used, expired, or whose maker may no longer download
   */
  async sendByLink(req: Request, res: Response, secret: string): Promise<void> {
    const link = await this.links.find(secret);
    const archive = await this.archives.find(this.dataSource.manager, link.archiveId);
    await this.deliver(req, res, archive, (details) =>
      this.dataSource.transaction(async (tx) => {
        await this.links.use(tx, link);
        await this.recordDownload(tx, archive, link.actor, { link: true, ...details });
      }),
    );
  }

  private async recordDownload(
    tx: EntityManager,
    { id, ticket }: Archive,
    actor: Actor,
    details: Pick<DomainEvent<'archive.downloaded'>['details'], 'link' | 'range'>,
  ): Promise<void> {
    await this.events.record(tx, actor, {
      name: 'archive.downloaded',
      subject: { kind: 'archive', id },
      details: { ticket: ticket?.number ?? '', ...details },
    });
  }

  /**
   * Sends a GET to the store itself, where that delivers: after the same guard, look at the store, audit and use of the
   * link as any other download, so that only the bytes take another way. The client asks there with the headers that it
   * sent here, and thus for the same range; its copy is compared with the store's own ETag then, which is what a client
   * knows that was sent there before. HEAD is answered here: the address is signed for GET alone. And If-None-Match
   * with our ETag, and a range that is none, were answered before: they need no bytes.
   * @returns whether it was sent there
   */
  private async redirect(
    req: Request,
    res: Response,
    archive: Archive,
    admit: () => Promise<void>,
  ): Promise<boolean> {
    if (this.config.S3_DOWNLOADS !== 'redirect' || req.method !== 'GET') return false;
    const url = await this.store.deliver(blobKey(archive.id), archive.size, {
      type: contentType,
      disposition: attachmentOf(archive.filename),
    });
    if (url === null) return false;
    await admit();
    // They are of the bytes, and this answer has none.
    for (const name of ['ETag', 'Accept-Ranges', 'Repr-Digest']) res.removeHeader(name);
    res.setHeader('Location', url);
    res.status(302).end();
    return true;
  }

  /** @param admit runs right before the first byte, and may still refuse */
  private async deliver(
    req: Request,
    res: Response,
    archive: Archive,
    admit: (details: { readonly range?: string }) => Promise<void>,
  ): Promise<void> {
    const { size, sha256: digest } = archive;
    const etag = `"${digest}"`;
    if (archive.state === 'damaged') throw new BlobDamaged();
    res.setHeader('ETag', etag);
    res.setHeader('Accept-Ranges', 'bytes');
    res.setHeader('Repr-Digest', digestField(digest));
    const wish = rangeWish(req.get('range'), req.get('if-range'), etag, size);
    const details = wish.kind === 'part' ? { range: `${wish.range.first}-${wish.range.last}` } : {};
    const redirected = () => this.redirect(req, res, archive, () => admit(details));
    const ifMatch = req.get('if-match');
    if (!isMeant(ifMatch, etag)) {
      // It may be the store's tag: whoever was sent there before knows that one, and goes on with it.
      if (await redirected()) return;
      throw new PreconditionFailed();
    }
    if (isKnown(req.get('if-none-match'), etag)) {
      res.status(304).end();
      return;
    }
    if (wish.kind === 'unsatisfiable') throw new RangeNotSatisfiable(size);
    // The store would compare our tag with its own, and refuse.
    if (ifMatch === undefined && (await redirected())) return;
    const range = wish.kind === 'part' ? wish.range : { first: 0, last: size - 1 };
    // Opened before anything is said: a file that is missing or too short is an error, never a short 200.
    const bytes = await this.store.open(blobKey(archive.id), size, range);
    try {
      res.setHeader('Content-Type', contentType);
      res.setHeader('Content-Disposition', attachmentOf(archive.filename));
      res.setHeader(
        'Content-Security-Policy',
        "sandbox; default-src 'none'; frame-ancestors 'none'",
      );
      res.setHeader('Content-Length', range.last - range.first + 1);
      if (wish.kind === 'part') {
        res.status(206);
        res.setHeader('Content-Range', `bytes ${range.first}-${range.last}/${size}`);
      }
      if (req.method === 'HEAD') {
        bytes.destroy();
        res.end();
        return;
      }
      // From here on: a client that leaves while we still ask the database must not leave the file open.
      res.once('close', () => bytes.destroy());
      await admit(details);
    } catch (cause) {
      bytes.destroy();
      throw cause;
    }
    bytes.on('error', (cause) => {
      this.log.error({ event: 'archive.broken-off', archiveId: archive.id, err: cause });
      res.destroy();
    });
    if (res.destroyed) bytes.destroy();
    else sendBytes(bytes, res);
    // A client that leaves in the middle is no fault.
    await finished(res).catch(() => undefined);
  }
}
