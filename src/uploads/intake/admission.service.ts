import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Instance } from '../../database/instance.js';
import { StorageFull } from '../../errors/errors.js';
import { newId } from '../../secrets/secrets.js';
import {
  UploadTokenExhausted,
  UploadTokenRevoked,
} from '../../tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import type { Archive } from '../../archives/archive.entity.js';
import { AbandonedUploads } from '../records/abandoned-uploads.service.js';
import { cleanFilename } from '../../http/filename.policy.js';
import { begunNow } from '../records/new-upload.js';
import type { Begun, NewUpload } from '../records/new-upload.js';
import type { Upload } from '../records/upload.entity.js';
import { QuotaExceeded } from '../records/uploads.errors.js';
import { UploadsService } from '../records/uploads.service.js';
import type { Meter } from '../../http/transfer/metered-sink.js';
import type { BodyFormat } from './body-formats.js';
import type { Claims } from './claims.js';
import {
  FileEmpty,
  IdempotencyKeyReused,
  RequestInProgress,
  UploadTooLarge,
} from './intake.errors.js';
import type { UploadLease } from './upload-lease.js';
import { UploadLeases } from './upload-leases.service.js';
import type { Sender } from './upload-shares.js';

/** An upload that may send its body. */
export interface ReservedAdmission {
  readonly kind: 'reserved';
  readonly token: KnownToken;
  readonly upload: NewUpload;
  readonly lease: UploadLease;
  readonly meter: Meter;
}

/** The same upload was stored before: its body is only compared. */
export interface RepeatedAdmission {
  readonly kind: 'repeated';
  readonly token: KnownToken;
  readonly archive: Archive;
  /** A slot alone. */
  readonly lease: UploadLease;
  readonly meter: Meter;
}

/** What the key of a resumable upload stands for already. */
export type KnownUpload =
  | { readonly kind: 'unfinished'; readonly upload: Upload }
  | { readonly kind: 'stored'; readonly archive: Archive };

/** How a request brings its file, as far as the admission has to know. */
type Framed = Pick<BodyFormat, 'way' | 'framing' | 'filename'>;

/** What an upload is, besides what it claims. */
type How = Pick<NewUpload, 'id' | 'way' | 'filename' | 'writer' | 'details'>;

/** What the limits of a token are today. */
type Limits = Omit<Meter, 'space'>;

/** Decides, before the first body byte, whether an upload may come: everything here is cheap and reserves all it needs. */
@Injectable()
export class AdmissionService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: UploadTokensService,
    private readonly uploads: UploadsService,
    private readonly abandoned: AbandonedUploads,
    private readonly leases: UploadLeases,
    private readonly instance: Instance,
  ) {}

  /**
   * @param looked the token, where it was read a moment ago
   * @throws RequestInProgress; any other refusal: after each of them nothing is reserved
   */
  async admit(
    sender: Sender,
    claims: Claims,
    { way, framing, filename: named }: Framed,
    looked: KnownToken | null,
  ): Promise<ReservedAdmission | RepeatedAdmission> {
    const filename = named === null ? null : cleanFilename(named);
    const how: How = { id: newId(), way, filename };
    const admission = await this.begin(sender, claims, framing, how, looked);
    if (admission.kind === 'reserved') return admission;
    if (admission.kind === 'unfinished') throw new IdempotencyKeyReused();
    // Read again: what the token has left is part of the answer, and bounds its repetitions.
    const token = await this.uploads.tokenOf(sender.tokenId);
    const lease = this.leases.acquireForRepetition(sender, token.attemptsLeft);
    return repeated(token, admission.archive, lease);
  }

  /**
   * Admits an upload that takes many requests.
   * @throws RequestInProgress; any other refusal: after each of them nothing is reserved
   */
  admitResumable(
    sender: Sender,
    claims: Claims,
    { filename, metadata }: Pick<Upload, 'filename' | 'metadata'>,
    hold: { readonly id: string; readonly writer: string },
  ): Promise<ReservedAdmission | KnownUpload> {
    const details = { metadata, sha256: claims.sha256 };
    return this.begin(sender, claims, 0, { ...hold, way: 'tus', filename, details });
  }

  /** Resolves when no upload is under way. */
  whenIdle(): Promise<void> {
    return this.leases.whenIdle();
  }

  /**
   * The key is looked up before anything is taken: a repetition of an upload under way must cost neither a slot nor
   * room, or one customer's repetitions would keep the others out.
   */
  private async begin(
    sender: Sender,
    claims: Claims,
    framing: number,
    how: How,
    looked: KnownToken | null = null,
  ): Promise<ReservedAdmission | KnownUpload> {
    const { tokenId } = sender;
    const key = claims.idempotencyKey;
    this.leases.assertOpen();
    const token = await this.usableOrKeyed(tokenId, key, looked);
    const known = key === null ? null : await this.known(tokenId, key);
    if (known) return known;
    const lease = this.leases.acquire(sender);
    let admission: ReservedAdmission | null = null;
    try {
      admission = await this.take(lease, token, claims, framing, how);
      if (admission) return admission;
    } finally {
      if (!admission) lease.release();
    }
    // The key was taken after the look above; whoever took it may be done by now.
    const taken = key === null ? null : await this.known(tokenId, key);
    if (taken) return taken;
    throw new RequestInProgress();
  }

  /**
   * With a key the reservation alone decides: what the token lacks may be what the same upload has taken, and is
   * stored already.
   * @throws UploadTokenRevoked; without a key, what else keeps the token from beginning
   */
  private async usableOrKeyed(
    tokenId: string,
    key: string | null,
    looked: KnownToken | null = null,
  ): Promise<KnownToken> {
    const token = looked ?? (await this.uploads.tokenOf(tokenId));
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

  /**
   * What the key stands for already; null where it is free. An upload of a process that died is settled here: whoever
   * sends it again does not wait for the sweep of the minute.
   * @throws RequestInProgress
   */
  private async known(tokenId: string, key: string): Promise<KnownUpload | null> {
    const archive = await this.uploads.repeated(this.dataSource.manager, tokenId, key);
    if (archive) return { kind: 'stored', archive };
    const upload = await this.uploads.byKey(tokenId, key);
    if (!upload) return null;
    if (upload.way === 'tus' && !this.uploads.isExpired(upload))
      return { kind: 'unfinished', upload };
    if (!(await this.abandoned.endAbandoned(upload))) throw new RequestInProgress();
    return null;
  }

  /** Takes room and an attempt. @returns null where an upload with the same key is under way */
  private async take(
    lease: UploadLease,
    token: KnownToken,
    { declaredBytes, idempotencyKey }: Pick<Claims, 'declaredBytes' | 'idempotencyKey'>,
    framing: number,
    how: How,
  ): Promise<ReservedAdmission | null> {
    const limits = this.limits(token);
    const begun = begunNow(how.id, how.way, declaredBytes);
    await this.refuseDeclared(token, limits, begun, how.filename, framing);
    if (!(await this.instance.hasReserve())) throw new StorageFull();
    const upload: NewUpload = { ...how, ...begun, idempotencyKey };
    try {
      if (!(await lease.reserve(token, upload))) return null;
      return { kind: 'reserved', token, upload, lease, meter: { ...limits, space: lease.space } };
    } catch (cause) {
      if (!(await this.madeRoom(token.id, cause))) throw cause;
      return this.take(lease, token, { declaredBytes, idempotencyKey }, framing, how);
    }
  }

  private async madeRoom(tokenId: string, cause: unknown): Promise<boolean> {
    return cause instanceof UploadTokenExhausted && (await this.abandoned.dropUntouched(tokenId));
  }

  /** A length that cannot be taken is refused without reading a byte of the body. */
  private async refuseDeclared(
    token: KnownToken,
    { limit, exceeded }: Limits,
    begun: Begun,
    filename: string | null,
    framing: number,
  ): Promise<void> {
    const { declaredBytes } = begun;
    if (declaredBytes === null) return;
    const refusal =
      declaredBytes === 0 ? new FileEmpty() : declaredBytes - framing > limit ? exceeded() : null;
    if (refusal === null) return;
    await this.uploads.refuse(token, begun, { filename, bytes: 0 }, refusal);
    throw refusal;
  }

  /** The platform's largest upload, or what its quota still holds where that is less. */
  limits(token: KnownToken): Limits {
    const { platform } = token.ticket;
    const largest = this.tokens.maxUploadBytes(platform);
    const left = Math.max(0, (platform.quotaBytes ?? Infinity) - platform.archiveBytes);
    return left < largest
      ? { limit: left, exceeded: () => new QuotaExceeded() }
      : { limit: largest, exceeded: () => new UploadTooLarge(largest) };
  }
}

/** What is stored is compared by its own length, whatever may be stored today. */
const repeated = (token: KnownToken, archive: Archive, lease: UploadLease): RepeatedAdmission => ({
  kind: 'repeated',
  token,
  archive,
  lease,
  meter: { limit: archive.size, exceeded: () => new IdempotencyKeyReused(), space: null },
});
