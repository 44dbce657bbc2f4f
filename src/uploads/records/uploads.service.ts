import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { EventsService } from '../../events/events.service.js';
import { Config } from '../../config/config.js';
import { isForeignKeyViolation, isUniqueViolation } from '../../database/errors.js';
import { insertRow } from '../../database/insert.js';
import { Instance } from '../../database/instance.js';
import { actorOf } from '../../http/actor.js';
import { Metrics } from '../../metrics/metrics.js';
import { UploadTokenUnknown } from '../../tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { Archive } from '../../archives/archive.entity.js';
import { recordAttempt } from './attempt.entity.js';
import { Tombstones } from '../../storage/blobs/tombstones.service.js';
import { UploadFault } from '../../http/transfer/transfer.errors.js';
import { isItsFault, reasonOf } from './upload-outcome.policy.js';
import type { Failed } from './upload-outcome.policy.js';
import type { Begun, Brought, NewUpload } from './new-upload.js';
import { Upload } from './upload.entity.js';
import { deleted } from './uploads.statements.js';

/** How long a key stands for its archive. */
const idempotencyMs = 24 * 60 * 60 * 1000;

/**
 * The rows of uploads under way, and what settles them. Whoever deletes the row (the commit, the failure, the start
 * after a crash) settles the upload; the others find nothing and undo what they did.
 *
 * Every transaction here, and each that deletes a ticket or an archive, takes its row locks in one order (ticket, token,
 * upload, platform), so that PostgreSQL never sees two of them wait for each other.
 */
@Injectable()
export class UploadsService {
  private readonly log = new Logger(UploadsService.name);
  /**
   * Uploads that this process works on, with the file's name once it is known; a row of ours that is not among them was
   * left by a failed clean-up.
   */
  private readonly active = new Map<string, string | null>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly tokens: UploadTokensService,
    private readonly tombstones: Tombstones,
    private readonly events: EventsService,
    private readonly metrics: Metrics,
    private readonly config: Config,
  ) {}

  /** Uploads that this process works on. */
  get underWay(): number {
    return this.active.size;
  }

  /**
   * Takes one attempt for this upload.
   * @returns false where its key stands for an upload under way, or for a stored archive
   * @throws UploadTokenExhausted and its like
   */
  async reserve(token: KnownToken, upload: NewUpload): Promise<boolean> {
    const { writer, details, ...begun } = upload;
    const key = begun.idempotencyKey;
    if (!details) this.active.set(upload.id, upload.filename);
    try {
      await this.dataSource.transaction(async (tx) => {
        // The row first: its unique key makes a parallel repetition wait until the other one's transaction ends,
        // and only then does the look at the archives below see everything.
        await insertRow(tx, Upload, {
          ...begun,
          ...(details ? { ...details, writer, activeAt: begun.beganAt } : {}),
          tokenId: token.id,
          instance: this.instance.number,
        });
        if (key !== null && (await this.repeated(tx, token.id, key))) throw new KeyTaken();
        await this.tokens.reserve(tx, token.id);
      });
      this.metrics.attemptTaken(upload.way);
      return true;
    } catch (cause) {
      this.active.delete(upload.id);
      if (cause instanceof KeyTaken || (key !== null && isUniqueViolation(cause))) return false;
      // The ticket was deleted between the look and the reservation.
      if (isForeignKeyViolation(cause)) throw new UploadTokenUnknown();
      throw cause;
    }
  }

  /** The file of an upload under way has its name: it comes with the body, and no row is written for it alone. */
  named(id: string, filename: string): void {
    if (this.active.has(id)) this.active.set(id, filename);
  }

  /** @returns whether this process works on an upload: now, or when it is asked */
  activeNow(): (id: string) => boolean {
    const now = new Set(this.active.keys());
    return (id) => now.has(id) || this.active.has(id);
  }

  /** This process works on it no more: it is settled. */
  ended(id: string): void {
    this.active.delete(id);
  }

  /** What this process knows of the name of an upload under way. */
  nameOf(id: string): string | null {
    return this.active.get(id) ?? null;
  }

  /** The token as it stands now. */
  tokenOf(id: string): Promise<KnownToken> {
    return this.tokens.load(this.dataSource.manager, id);
  }

  /** The archive of an upload whose commit succeeded though its answer was lost. */
  async stored(id: string): Promise<Archive> {
    return this.dataSource.manager.findOneByOrFail(Archive, { id });
  }

  /** The archive that this key already stands for. */
  async repeated(manager: EntityManager, tokenId: string, key: string): Promise<Archive | null> {
    return manager
      .createQueryBuilder(Archive, 'archive')
      .innerJoinAndSelect('archive.ticket', 'ticket')
      .where('archive.tokenId = :tokenId AND archive.idempotencyKey = :key', { tokenId, key })
      .andWhere('archive.uploadedAt > :since', { since: Date.now() - idempotencyMs })
      .getOne();
  }

  /** The upload under way that this key stands for. */
  byKey(tokenId: string, idempotencyKey: string): Promise<Upload | null> {
    return this.dataSource.manager.findOneBy(Upload, { tokenId, idempotencyKey });
  }

  /** Whether nobody has resumed it for UPLOAD_EXPIRY. */
  isExpired({ activeAt }: Upload): boolean {
    return Date.now() - (activeAt?.getTime() ?? 0) > 1000 * this.config.UPLOAD_EXPIRY;
  }

  /** Settles an upload that stored nothing: its attempt is given back, its bytes go. */
  async fail(
    token: KnownToken,
    upload: NewUpload,
    brought: Brought,
    cause: unknown,
  ): Promise<Failed> {
    const reason = reasonOf(cause);
    let failed: Failed;
    try {
      failed = await this.dataSource.transaction(async (tx): Promise<Failed> => {
        const { id } = upload;
        const isOurs = await this.settleFailed(tx, upload, token.id, isItsFault(cause));
        if (isOurs) await this.recordFailure(tx, token, upload, brought, reason);
        // Only now: taking the token's row waited for a commit whose answer was lost on its way.
        else if (await tx.existsBy(Archive, { id })) throw new SettledElsewhere('stored');
        else if (await tx.existsBy(Upload, { id })) throw new SettledElsewhere('unsettled');
        await this.tombstones.add(tx, [id]);
        return isOurs ? 'undone' : 'deleted';
      });
    } catch (failure) {
      if (failure instanceof SettledElsewhere) return failure.outcome;
      // The row stays and names this process: the next sweep settles it, as it would after a crash.
      this.log.error({ event: 'upload.unsettled', uploadId: upload.id, err: failure });
      return 'unsettled';
    } finally {
      this.active.delete(upload.id);
    }
    if (failed === 'undone') this.metrics.uploadEnded({ ...upload, ...brought, reason });
    await this.tombstones.buryQuietly([upload.id]);
    return failed;
  }

  /** It turned out to be no upload, before any byte was kept: its attempt is given back, and that is no failure. */
  async withdraw(token: KnownToken, upload: NewUpload): Promise<void> {
    try {
      await this.dataSource.transaction((tx) => this.settleFailed(tx, upload, token.id, false));
    } finally {
      this.active.delete(upload.id);
    }
  }

  /** An upload ends before it took an attempt: a fault of its own counts towards the lock of its token. */
  async refuse(token: KnownToken, begun: Begun, brought: Brought, cause: unknown): Promise<void> {
    if (!(cause instanceof UploadFault)) return;
    const reason = reasonOf(cause);
    await this.dataSource.transaction(async (tx) => {
      await this.tokens.countFailure(tx, token.id);
      await this.recordFailure(tx, token, begun, brought, reason);
    });
    this.metrics.uploadEnded({ ...begun, ...brought, reason });
  }

  /**
   * Within a transaction: an upload is over without an archive.
   * @param failed whether it counts towards the lock of its token
   * @returns false where somebody else settled it, or its ticket is gone
   */
  async settleFailed(
    tx: EntityManager,
    upload: Pick<NewUpload, 'id' | 'writer'>,
    tokenId: string,
    failed: boolean,
  ): Promise<boolean> {
    if (!(await this.tokens.lock(tx, tokenId))) return false;
    if (!(await deleted(tx, upload))) return false;
    await this.tokens.giveBack(tx, tokenId, failed);
    return true;
  }

  private async recordFailure(
    tx: EntityManager,
    token: KnownToken,
    begun: Begun,
    brought: Brought,
    reason: string,
  ): Promise<void> {
    await recordAttempt(tx, token.id, begun, brought, reason);
    await this.events.record(tx, actorOf({ kind: 'customer', tokenId: token.id }), {
      name: 'archive.upload_failed',
      subject: { kind: 'token', id: token.id },
      details: { ticket: token.ticket.number, reason },
    });
  }
}

/** Ends the reserving transaction when its key turns out to stand for a stored archive. */
class KeyTaken extends Error {}

class SettledElsewhere extends Error {
  constructor(readonly outcome: Failed) {
    super(outcome);
  }
}
