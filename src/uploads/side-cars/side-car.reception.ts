import type { Writable } from 'node:stream';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import type { Begun } from '../records/new-upload.js';
import type { UploadsService } from '../records/uploads.service.js';
import type { BodyTransfer } from '../../http/transfer/body-transfer.js';
import type { Tap } from '../../http/transfer/metered-sink.js';
import { assertDigest } from '../../http/transfer/transfer.errors.js';
import type { ClaimReceipt } from './side-cars.dto.js';
import { SideCarUnreadable } from './side-cars.errors.js';
import { claimedDigestIn, maxSideCarBytes } from './side-cars.policy.js';
import type { SideCar } from './side-cars.policy.js';
import type { SideCarsService } from './side-cars.service.js';

/** What a request with a side-car says of it before its bytes. */
export interface SideCarRequest {
  readonly token: KnownToken;
  readonly begun: Begun;
  readonly filename: string;
  readonly sideCar: SideCar;
  /** SHA-256 that its own bytes must have; null where nothing is claimed. */
  readonly sha256: string | null;
  readonly body: BodyTransfer;
}

/** A side-car on its way: it takes no attempt and no room, and becomes a claim about another file. */
export class SideCarReception {
  private readonly pieces: Buffer[] = [];

  constructor(
    private readonly sideCars: SideCarsService,
    private readonly uploads: UploadsService,
    private readonly request: SideCarRequest,
  ) {}

  get token(): KnownToken {
    return this.request.token;
  }

  /** @throws SideCarUnreadable where its declared length alone is too much */
  assertShort(): this {
    if ((this.request.begun.declaredBytes ?? 0) > maxSideCarBytes) throw this.unreadable();
    return this;
  }

  /**
   * The one place where a body gathers in memory: which of its lines is meant only the whole text says, and its limit
   * is far below what a connection buffers anyway.
   */
  open(_filename: string, digest: Tap): Promise<Writable> {
    const meter = { limit: maxSideCarBytes, exceeded: () => this.unreadable(), space: null };
    const gather = { update: (piece: Buffer) => void this.pieces.push(piece) };
    return Promise.resolve(this.request.body.open(null, meter, [digest, gather]));
  }

  /** @throws DigestMismatch, SideCarUnreadable, ClaimContradictsArchive */
  finish(received: string): Promise<ClaimReceipt> {
    const { token, filename, sideCar, sha256 } = this.request;
    assertDigest(sha256, received);
    const digest = claimedDigestIn(Buffer.concat(this.pieces).toString('utf8'), sideCar);
    if (digest === null) throw this.unreadable();
    return this.sideCars.claim(token, filename, sideCar, digest);
  }

  /** Counts its own fault. @throws the cause */
  async fail(cause: unknown): Promise<never> {
    const { token, begun, filename, body } = this.request;
    await this.uploads.refuse(token, begun, { filename, bytes: body.size }, cause);
    throw cause;
  }

  release(): void {
    // It holds nothing.
  }

  private unreadable(): SideCarUnreadable {
    return new SideCarUnreadable(this.request.sideCar.algorithm);
  }
}
