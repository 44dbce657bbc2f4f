import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { sendContinue } from '../../http/json-body.js';
import { newDigest } from '../../secrets/digest.js';
import type { Digest } from '../../secrets/digest.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import type { PartialBlob } from '../../storage/blob-store.js';
import { AdmissionService } from '../intake/admission.service.js';
import { UploadHolders } from '../records/upload-holders.service.js';
import { BodyTransfers } from '../../http/transfer/body-transfer.js';
import type { BodyTransfer } from '../../http/transfer/body-transfer.js';
import type { Meter, MeteredSink } from '../../http/transfer/metered-sink.js';
import { pump } from '../../http/transfer/pump.js';
import { UploadStalled } from '../../http/transfer/transfer.errors.js';
import { ResumableCompletion, assertMayGoOn } from './resumable-completion.service.js';
import type { Progress, Transfer } from './resumable-completion.service.js';
import { ChecksumMismatch, DeclaredLengthExceeded } from './resumable.errors.js';
import { ResumeCache } from './resume-cache.js';
import type { DigestSoFar } from './resume-cache.js';

/** The bytes that one request adds. */
interface Part {
  readonly partial: PartialBlob;
  readonly sink: MeteredSink;
  /** Most bytes that the upload may have with it. */
  readonly limit: number;
  /** Bytes of earlier requests. */
  readonly before: number;
  /** SHA-256 of those, and a copy that continues with the part. */
  readonly untouched: Digest;
  readonly digest: Digest;
  /** SHA-256 of the part alone, and what it must be; null where nothing is claimed. */
  readonly checksum: { readonly digest: Digest; readonly claimed: string } | null;
}

/** Takes the bytes of one request into an unfinished upload, by the same one pass as the one-request uploads. */
@Injectable()
export class AppendingService {
  constructor(
    private readonly cache: ResumeCache,
    private readonly holders: UploadHolders,
    private readonly completion: ResumableCompletion,
    private readonly admissions: AdmissionService,
    private readonly bodies: BodyTransfers,
    private readonly store: BlobStore,
  ) {}

  /**
   * Appends the request's body. What came before a broken line stays. Of a body that is too long, or that
   * does not have its checksum, nothing does.
   * @param checksum SHA-256 that the body must have, lower-case hex
   * @returns the offset after it
   * @throws UploadTokenRevoked, TicketResolved, StorageFull, UploadStalled, ChecksumMismatch and its like
   */
  async append(
    transfer: Transfer,
    req: Request,
    res: Response,
    checksum: string | null,
  ): Promise<number> {
    const { row, token, abort } = transfer;
    assertMayGoOn(token);
    const progress = await this.completion.progressOf(row);
    if (progress.length !== null && progress.offset === progress.length) {
      await this.completion.completeHeld(transfer);
      return progress.length;
    }
    transfer.lease.enter({ tokenId: token.id, address: req.ip ?? '' });
    const body = this.bodies.begin(req, abort);
    try {
      const part = await body.holdBack(() => this.open(transfer, progress, req, body, checksum));
      return await this.take(transfer, part, req, res, body);
    } finally {
      body.close();
    }
  }

  /** Takes room, and opens the partial blob where its proved bytes end. */
  private async open(
    transfer: Transfer,
    { offset, length }: Progress,
    req: Request,
    body: BodyTransfer,
    checksum: string | null,
  ): Promise<Part> {
    const { row, lease } = transfer;
    const hadRoom = lease.space !== null;
    const soFar = this.cache.take(row.id);
    let partial: PartialBlob | null = null;
    try {
      await lease.reserveRoom(length === null ? null : length - offset);
      partial = await this.resume(row.id, offset);
      const before = partial.size;
      const untouched =
        soFar?.size === before
          ? soFar.digest
          : await this.completion.digestOf(row, before, body.signal);
      const meter = this.meter(transfer);
      // Refused before a byte of it is read, as everywhere.
      if (before + Number(req.get('content-length') ?? 0) > meter.limit) throw meter.exceeded();
      const digest = untouched.copy();
      const claim = checksum === null ? null : { digest: newDigest(), claimed: checksum };
      const taps = claim ? [digest, claim.digest] : [digest];
      const sink = body.open(partial.writable, meter, taps, before);
      return { partial, sink, limit: meter.limit, before, untouched, digest, checksum: claim };
    } catch (cause) {
      await partial?.keep();
      if (!hadRoom) lease.releaseRoom();
      if (soFar) this.cache.put(row.id, soFar);
      throw cause;
    }
  }

  private async resume(id: string, offset: number): Promise<PartialBlob> {
    const partial = await this.store.resume(blobKey(id));
    if (partial.size <= offset) return partial;
    // A crash left what its checksum did not prove.
    await partial.cut(offset);
    return this.store.resume(blobKey(id));
  }

  private async take(
    transfer: Transfer,
    part: Part,
    req: Request,
    res: Response,
    body: BodyTransfer,
  ): Promise<number> {
    const { row, lease } = transfer;
    const { partial, sink, before, digest } = part;
    let next: DigestSoFar | null = null;
    let keepsRoom = false;
    try {
      if (part.checksum) await this.holders.note(row, { provedBytes: before });
      sendContinue(req, res);
      const broken = await pump(req, sink, body.signal, 'flush').then(
        () => null,
        (cause: unknown) => body.reasonOf(cause) as Error,
      );
      body.stopWatching();
      const refused = this.refusal(part, broken);
      if (refused) {
        // Not where another process took us for dead and writes on.
        if (await this.holders.isHolder(row)) await partial.cut(before);
        next = { digest: part.untouched, size: before };
        throw refused;
      }
      const isComplete = broken === null && sink.size === row.declaredBytes;
      transfer.hasGrown = sink.size > before;
      if (sink.writableFinished && !isComplete) {
        next = { digest, size: sink.size };
        // A client that is silent for this long, or brings nothing, may not come back: its room is others' at once.
        keepsRoom = transfer.hasGrown && !(broken instanceof UploadStalled);
      }
      if (broken !== null) throw broken;
      if (isComplete) await this.completion.complete(transfer, digest, sink.size, partial);
      return sink.size;
    } finally {
      sink.destroy();
      // Before it is answered: what the client is told of it does not send again.
      await partial.keep().catch((cause: unknown) => {
        lease.releaseRoom();
        throw cause;
      });
      if (!keepsRoom) lease.releaseRoom();
      if (next) this.cache.put(row.id, next);
    }
  }

  /** Why nothing of the part may stay: it is too long, or not what its checksum claims. */
  private refusal({ sink, limit, checksum }: Part, broken: Error | null): Error | null {
    if (broken) return sink.size > limit || checksum ? broken : null;
    const received = checksum?.digest.digest('hex');
    return checksum && received !== checksum.claimed
      ? new ChecksumMismatch(checksum.claimed, received ?? '')
      : null;
  }

  private meter({ row, token, lease }: Transfer): Meter {
    const { space } = lease;
    const declared = row.declaredBytes;
    return declared === null
      ? { ...this.admissions.limits(token), space }
      : { limit: declared, exceeded: () => new DeclaredLengthExceeded(declared), space };
  }
}
