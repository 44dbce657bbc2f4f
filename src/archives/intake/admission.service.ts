import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { ShuttingDown } from '../../errors/errors.js';
import { Draining } from '../../http/draining.js';
import { newId } from '../../secrets/secrets.js';
import { FreeSpace } from '../../storage/free-space.js';
import type { SpaceReservation } from '../../storage/free-space.js';
import { UploadTokenRevoked } from '../../upload-tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../upload-tokens/upload-tokens.service.js';
import type { KnownToken } from '../../upload-tokens/upload-tokens.service.js';
import type { Archive } from '../archive.entity.js';
import type { Claims } from './claims.js';
import {
  FileEmpty,
  IdempotencyKeyReused,
  QuotaExceeded,
  TooManyUploads,
  UploadFault,
  UploadTooLarge,
} from './intake.errors.js';
import type { Meter } from './metered-sink.js';
import { UploadsService } from './uploads.service.js';
import type { NewUpload } from './uploads.service.js';

/** An upload that may send its body. */
export type Admission = { readonly token: KnownToken; readonly meter: Meter } & (
  | { readonly kind: 'reserved'; readonly upload: NewUpload; readonly space: SpaceReservation }
  /** The same upload was stored before: its body is only compared. */
  | { readonly kind: 'repeated'; readonly archive: Archive }
);

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

  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: UploadTokensService,
    private readonly uploads: UploadsService,
    private readonly space: FreeSpace,
    private readonly draining: Draining,
    private readonly config: Config,
  ) {}

  /**
   * @param framing bytes of the body that may not be the file's
   * @throws the refusal, after which nothing is reserved
   */
  async admit(
    tokenId: string,
    claims: Claims,
    framing: number,
    signal: AbortSignal,
  ): Promise<Admission> {
    if (this.draining.isDraining) throw new ShuttingDown();
    if (this.admitted >= this.config.MAX_UPLOADS) throw new TooManyUploads();
    this.admitted += 1;
    try {
      return await this.reserve(tokenId, claims, framing, signal);
    } catch (cause) {
      this.leaveOne();
      throw cause;
    }
  }

  /** Resolves when no upload is under way. */
  whenIdle(): Promise<void> {
    if (this.admitted === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  /** Ends what `admit` began; once for each admission. */
  leave(admission: Admission): void {
    this.leaveOne();
    if (admission.kind === 'reserved') admission.space.release();
  }

  private leaveOne(): void {
    this.admitted -= 1;
    if (this.admitted > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private async reserve(
    tokenId: string,
    claims: Claims,
    framing: number,
    signal: AbortSignal,
  ): Promise<Admission> {
    const { declaredBytes, idempotencyKey } = claims;
    for (;;) {
      const token = await this.tokens.load(this.dataSource.manager, tokenId);
      if (token.revokedAt) throw new UploadTokenRevoked();
      const limits = this.limits(token);
      const archive =
        idempotencyKey === null
          ? null
          : await this.uploads.repeated(this.dataSource.manager, tokenId, idempotencyKey);
      if (archive) return { kind: 'repeated', token, archive, meter: repeatedMeter(archive) };
      // With a key the reservation alone decides: what the token lacks may be what the same upload, still under way,
      // has taken, and then this one waits for it.
      if (idempotencyKey === null) this.tokens.assertUsable(token);
      await this.refuseDeclared(token, limits, declaredBytes, framing);

      const space = await this.space.reserve(declaredBytes);
      const upload: NewUpload = { id: newId(), declaredBytes, idempotencyKey };
      try {
        const reserved = await this.uploads.reserve(token, upload);
        if (reserved.kind === 'reserved')
          return { kind: 'reserved', token, upload, space, meter: { ...limits, space } };
        space.release();
      } catch (cause) {
        space.release();
        throw cause;
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
      signal.throwIfAborted();
    }
  }

  /** A length that cannot be taken is refused without reading a byte of the body. */
  private async refuseDeclared(
    token: KnownToken,
    { limit, exceeded }: Omit<Meter, 'space'>,
    declaredBytes: number | null,
    framing: number,
  ): Promise<void> {
    if (declaredBytes === null) return;
    const refusal =
      declaredBytes === 0 ? new FileEmpty() : declaredBytes - framing > limit ? exceeded() : null;
    if (refusal === null) return;
    if (refusal instanceof UploadFault) await this.uploads.refuse(token, refusal);
    throw refusal;
  }

  /** The platform's largest upload, or what its quota still holds where that is less. */
  private limits(token: KnownToken): Omit<Meter, 'space'> {
    const { platform } = token.ticket;
    const largest = this.tokens.maxUploadBytes(platform);
    const left = Math.max(0, (platform.quotaBytes ?? Infinity) - platform.archiveBytes);
    return left < largest
      ? { limit: left, exceeded: () => new QuotaExceeded() }
      : { limit: largest, exceeded: () => new UploadTooLarge(largest) };
  }
}
