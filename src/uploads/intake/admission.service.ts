import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { Instance } from '../../database/instance.js';
import { ShuttingDown, StorageFull } from '../../errors/errors.js';
import { Draining } from '../../http/draining.js';
import { newId } from '../../secrets/secrets.js';
import { FreeSpace } from '../../storage/free-space.js';
import type { SpaceReservation } from '../../storage/free-space.js';
import {
  UploadTokenExhausted,
  UploadTokenRevoked,
} from '../../tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import type { Archive } from '../../archives/archive.entity.js';
import { cleanFilename } from '../records/filename.policy.js';
import { UploadBusy } from '../records/uploads.errors.js';
import { ResumableRows } from '../resumable/resumable-rows.service.js';
import type { WayIn } from './body-readers.js';
import type { Claims } from './claims.js';
import { QuotaExceeded, UploadFault } from '../records/uploads.errors.js';
import {
  FileEmpty,
  IdempotencyKeyReused,
  TooManyUploads,
  UploadTooLarge,
} from './intake.errors.js';
import type { Meter } from '../transfer/metered-sink.js';
import { begunNow } from '../records/new-upload.js';
import type { Begun, NewUpload } from '../records/new-upload.js';
import type { Upload } from '../records/upload.entity.js';
import { UploadShares, shareOf } from './upload-shares.js';
import type { Sender } from './upload-shares.js';
import { UploadsService } from '../records/uploads.service.js';

/** An upload that may send its body. */
export interface ReservedAdmission {
  readonly kind: 'reserved';
  readonly token: KnownToken;
  readonly meter: Meter;
  readonly upload: NewUpload;
  readonly space: SpaceReservation;
}

/** Counts among the uploads under way until `leave` is called; again is no harm. */
interface Entered {
  readonly leave: () => void;
}

export type Admission =
  | ReservedAdmission
  /** The same upload was stored before: its body is only compared. */
  | {
      readonly kind: 'repeated';
      readonly token: KnownToken;
      readonly meter: Meter;
      readonly archive: Archive;
    };

export type EnteredAdmission = Admission & Entered;

/** An upload of many requests that may begin, or the one that its key stands for. */
export type ResumableAdmission =
  | (ReservedAdmission & Entered)
  | { readonly kind: 'unfinished'; readonly upload: Upload }
  | { readonly kind: 'stored'; readonly archive: Archive };

type Framed = Pick<WayIn, 'way' | 'framing' | 'filename'>;

type Wanted = Pick<Claims, 'declaredBytes' | 'idempotencyKey'>;

/** What an upload is, besides what it claims. */
type How = Pick<NewUpload, 'id' | 'way' | 'filename' | 'writer' | 'details'>;

/** While an upload with the same key is under way, its repetition looks so often whether it has ended. */
const lookAgainMs = 250;

/** What may be compared with an archive that is stored: its own length, whatever may be stored today. */
const repeatedMeter = ({ size }: Archive): Meter => ({
  limit: size,
  exceeded: () => new IdempotencyKeyReused(),
  space: null,
});

/** Decides, before the first body byte, whether an upload may come: everything here is cheap and reserves all it needs. */
@Injectable()
export class AdmissionService {
  private admitted = 0;
  private idle: (() => void)[] = [];
  private readonly shares: UploadShares;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: UploadTokensService,
    private readonly uploads: UploadsService,
    private readonly rows: ResumableRows,
    private readonly space: FreeSpace,
    private readonly instance: Instance,
    private readonly draining: Draining,
    private readonly config: Config,
  ) {
    this.shares = new UploadShares(shareOf(config.MAX_UPLOADS));
  }

  /** @throws the refusal, after which nothing is reserved */
  async admit(
    sender: Sender,
    claims: Claims,
    way: Framed,
    signal: AbortSignal,
  ): Promise<EnteredAdmission> {
    const leave = this.enter(sender);
    try {
      return { ...(await this.reserve(sender.tokenId, claims, way, signal)), leave };
    } catch (cause) {
      leave();
      throw cause;
    }
  }

  /**
   * Admits an upload that takes many requests.
   * @throws the refusal, after which nothing is reserved
   */
  async admitResumable(
    sender: Sender,
    claims: Claims,
    { filename, metadata }: Pick<Upload, 'filename' | 'metadata'>,
    hold: { readonly id: string; readonly writer: string },
  ): Promise<ResumableAdmission> {
    const leave = this.enter(sender);
    try {
      const { tokenId } = sender;
      const { idempotencyKey: key, sha256 } = claims;
      const token = await this.usableOrKeyed(tokenId, key);
      const known = key === null ? null : await this.known(tokenId, key);
      if (known) {
        leave();
        return known;
      }
      const how: How = { ...hold, way: 'tus', filename, details: { metadata, sha256 } };
      const admission = await this.take(token, claims, 0, how);
      // With the same key at the same moment: the client's next try finds the other one.
      if (!admission) throw new UploadBusy();
      return { ...admission, leave };
    } catch (cause) {
      leave();
      throw cause;
    }
  }

  /** One more request that brings bytes. @returns what ends it @throws ShuttingDown, TooManyUploads */
  enter(sender: Sender): () => void {
    if (this.draining.isDraining) throw new ShuttingDown();
    if (this.admitted >= this.config.MAX_UPLOADS) throw new TooManyUploads();
    const endShare = this.shares.take(sender);
    this.admitted += 1;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      endShare();
      this.exit();
    };
  }

  private exit(): void {
    this.admitted -= 1;
    if (this.admitted > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  /** Resolves when no upload is under way. */
  whenIdle(): Promise<void> {
    if (this.admitted === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  /** Ends what `admit` began; once for each admission. */
  leave(admission: EnteredAdmission): void {
    admission.leave();
    if (admission.kind === 'reserved') admission.space.release();
  }

  private async reserve(
    tokenId: string,
    claims: Claims,
    { way, framing, filename: named }: Framed,
    signal: AbortSignal,
  ): Promise<Admission> {
    const key = claims.idempotencyKey;
    const filename = named === null ? null : cleanFilename(named);
    for (;;) {
      const token = await this.usableOrKeyed(tokenId, key);
      const known = key === null ? null : await this.known(tokenId, key);
      if (known?.kind === 'unfinished') throw new IdempotencyKeyReused();
      if (known)
        return {
          kind: 'repeated',
          token,
          archive: known.archive,
          meter: repeatedMeter(known.archive),
        };
      const how = { id: newId(), way, filename };
      const admission = await this.take(token, claims, framing, how);
      if (admission) return admission;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
      signal.throwIfAborted();
      // Of a replica that died: whoever sends it again here does not wait for the turn of the minute.
      await this.uploads.reclaim();
    }
  }

  /**
   * With a key the reservation alone decides: what the token lacks may be what the same upload has taken, whether it
   * is stored already or still under way.
   * @throws UploadTokenRevoked; without a key, what else keeps the token from beginning
   */
  private async usableOrKeyed(tokenId: string, key: string | null): Promise<KnownToken> {
    const token = await this.tokens.load(this.dataSource.manager, tokenId);
    if (token.revokedAt) throw new UploadTokenRevoked();
    if (key !== null) return token;
    try {
      this.tokens.assertUsable(token);
      return token;
    } catch (cause) {
      if (!(await this.madeRoom(tokenId, cause))) throw cause;
      return this.usableOrKeyed(tokenId, key);
    }
  }

  /** What the key stands for already. */
  private async known(
    tokenId: string,
    key: string,
  ): Promise<Exclude<ResumableAdmission, { kind: 'reserved' }> | null> {
    const archive = await this.uploads.repeated(this.dataSource.manager, tokenId, key);
    if (archive) return { kind: 'stored', archive };
    const upload = await this.rows.byKey(tokenId, key);
    return upload && { kind: 'unfinished', upload };
  }

  /** Takes room and an attempt. @returns null where an upload with the same key is under way */
  private async take(
    token: KnownToken,
    { declaredBytes, idempotencyKey }: Wanted,
    framing: number,
    how: How,
  ): Promise<ReservedAdmission | null> {
    const limits = this.limits(token);
    const begun = begunNow(how.id, how.way, declaredBytes);
    await this.refuseDeclared(token, limits, begun, how.filename, framing);
    if (!(await this.instance.hasReserve())) throw new StorageFull();
    const space = await this.space.reserve(declaredBytes);
    const upload: NewUpload = { ...how, ...begun, idempotencyKey };
    try {
      const reserved = await this.uploads.reserve(token, upload);
      if (reserved.kind === 'reserved')
        return { kind: 'reserved', token, upload, space, meter: { ...limits, space } };
      space.release();
      return null;
    } catch (cause) {
      space.release();
      if (!(await this.madeRoom(token.id, cause))) throw cause;
      return this.take(token, { declaredBytes, idempotencyKey }, framing, how);
    }
  }

  private async madeRoom(tokenId: string, cause: unknown): Promise<boolean> {
    return cause instanceof UploadTokenExhausted && (await this.rows.dropUntouched(tokenId));
  }

  /** A length that cannot be taken is refused without reading a byte of the body. */
  private async refuseDeclared(
    token: KnownToken,
    { limit, exceeded }: Omit<Meter, 'space'>,
    begun: Begun,
    filename: string | null,
    framing: number,
  ): Promise<void> {
    const { declaredBytes } = begun;
    if (declaredBytes === null) return;
    const refusal =
      declaredBytes === 0 ? new FileEmpty() : declaredBytes - framing > limit ? exceeded() : null;
    if (refusal === null) return;
    if (refusal instanceof UploadFault)
      await this.uploads.refuse(token, begun, { filename, bytes: 0 }, refusal);
    throw refusal;
  }

  /** The platform's largest upload, or what its quota still holds where that is less. */
  limits(token: KnownToken): Omit<Meter, 'space'> {
    const { platform } = token.ticket;
    const largest = this.tokens.maxUploadBytes(platform);
    const left = Math.max(0, (platform.quotaBytes ?? Infinity) - platform.archiveBytes);
    return left < largest
      ? { limit: left, exceeded: () => new QuotaExceeded() }
      : { limit: largest, exceeded: () => new UploadTooLarge(largest) };
  }
}
