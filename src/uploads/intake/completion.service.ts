import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { archiveOwner } from '../../archives/archive-blobs.service.js';
import { Archive } from '../../archives/archive.entity.js';
import { EventsService } from '../../events/events.service.js';
import { insertRow } from '../../database/insert.js';
import { searchable } from '../../database/search.js';
import { DatabaseUnavailable } from '../../errors/errors.js';
import { actorOf } from '../../http/actor.js';
import { Metrics } from '../../metrics/metrics.js';
import type { PartialBlob } from '../../storage/blob-store.js';
import { BlobRegister } from '../../storage/blobs/blob-register.service.js';
import { Ticket } from '../../tickets/ticket.entity.js';
import { TicketResolved } from '../../tickets/tickets.errors.js';
import { TicketsService } from '../../tickets/tickets.service.js';
import { UploadTokenUnknown } from '../../tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import { recordAttempt } from '../records/attempt.entity.js';
import type { Received } from '../records/new-upload.js';
import { QuotaExceeded } from '../records/uploads.errors.js';
import { UploadsService } from '../records/uploads.service.js';
import { countWithinQuota, deleted } from '../records/uploads.statements.js';
import { ReadBack } from '../../archives/read-back.service.js';
import { Md5Wanted, SideCarsService } from '../side-cars/side-cars.service.js';
import { receiptOf } from './intake.dto.js';
import type { Receipt } from './intake.dto.js';
import type { LeasedAttempt, UploadLease } from './upload-lease.js';

/** What a recorded archive is answered with, besides what was received. */
interface Recorded {
  readonly attemptsLeft: number;
  readonly uploadedAt: Date;
}

/** The last steps of every upload: the bytes are made durable, and then one transaction records the archive. */
@Injectable()
export class CompletionService {
  private readonly log = new Logger(CompletionService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly tickets: TicketsService,
    private readonly tokens: UploadTokensService,
    private readonly uploads: UploadsService,
    private readonly sideCars: SideCarsService,
    private readonly readBack: ReadBack,
    private readonly blobs: BlobRegister,
    private readonly events: EventsService,
    private readonly metrics: Metrics,
  ) {}

  /**
   * @param partial null where its bytes are durable already
   * @throws FileContradictsClaim, and what else refuses the archive at its end; the caller then settles the upload
   */
  async complete(
    lease: UploadLease,
    attempt: LeasedAttempt,
    received: Received,
    partial: PartialBlob | null,
  ): Promise<Receipt> {
    const { token, upload } = attempt;
    if (partial) await this.metrics.timed('storage', () => partial.commit(received.size));
    const { attemptsLeft, uploadedAt } = await this.metrics.timed('database', () =>
      this.commit(attempt, received),
    );
    lease.stored();
    this.uploads.ended(upload.id);
    this.metrics.uploadEnded({ ...upload, bytes: received.size, reason: null });
    this.log.log({ event: 'archive.stored', archiveId: upload.id, bytes: received.size });
    return receiptOf({ ...token, attemptsLeft }, { id: upload.id, ...received, uploadedAt });
  }

  /**
   * The transaction itself looks for claims, so that one which comes at this moment is not missed. Where that takes an
   * MD5 it is given up, the bytes are read, which may take minutes and must hold no lock, and it is tried again.
   */
  private async commit(attempt: LeasedAttempt, received: Received): Promise<Recorded> {
    let md5: string | null = null;
    for (;;)
      try {
        return await this.record(attempt, received, md5);
      } catch (cause) {
        if (!(cause instanceof Md5Wanted)) throw cause;
        md5 = await this.readBack
          .ofUpload(attempt.token.id, { id: attempt.upload.id, ...received })
          .catch((problem: unknown) => this.unlessDeleted(attempt, problem));
      }
  }

  /** The bytes of an upload go with its ticket: then they are not damaged. @throws UploadTokenUnknown, the problem */
  private async unlessDeleted({ token }: LeasedAttempt, problem: unknown): Promise<never> {
    const isThere = await this.dataSource.manager.existsBy(Ticket, { id: token.ticket.id });
    throw isThere ? problem : new UploadTokenUnknown();
  }

  /**
   * Records the archive whose bytes are durable, and settles the attempt: all of it or nothing.
   * Revoking the token, resolving or deleting the ticket while the upload ran makes this refuse; expiry does not.
   */
  private record(
    { token, upload }: LeasedAttempt,
    received: Received,
    md5: string | null,
  ): Promise<Recorded> {
    const { ticket } = token;
    const { size } = received;
    return this.dataSource.transaction(async (tx) => {
      const uploadedAt = new Date();
      if (!(await this.tickets.addArchive(tx, ticket.id, received, uploadedAt)))
        throw (await tx.existsBy(Ticket, { id: ticket.id }))
          ? new TicketResolved()
          : new UploadTokenUnknown();
      const attemptsLeft = await this.tokens.settle(tx, token.id);
      // Another process took us for dead while our connection to the database was gone.
      if (!(await deleted(tx, upload))) throw new DatabaseUnavailable();
      const within = { id: ticket.platformId, size };
      if ((await countWithinQuota.change(tx, within)) !== 1) throw new QuotaExceeded();
      await insertRow(tx, Archive, {
        id: upload.id,
        ticketId: ticket.id,
        platformId: ticket.platformId,
        tokenId: token.id,
        ...received,
        ...(await this.sideCars.settle(tx, token.id, received, md5)),
        search: searchable(received.filename),
        state: 'stored',
        idempotencyKey: upload.idempotencyKey,
        uploadedAt,
      });
      await this.blobs.addOriginal(tx, archiveOwner(upload.id), upload.id, received);
      await recordAttempt(tx, token.id, upload, { ...received, bytes: size }, null);
      await this.events.record(tx, actorOf({ kind: 'customer', tokenId: token.id }), {
        name: 'archive.stored',
        subject: { kind: 'archive', id: upload.id },
        details: { ticket: ticket.number, ...received },
      });
      return { attemptsLeft, uploadedAt };
    });
  }
}
