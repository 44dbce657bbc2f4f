import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { sendContinue } from '../../http/json-body.js';
import { newDigest } from '../../secrets/digest.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import type { PartialBlob } from '../../storage/blob-store.js';
import { FreeSpace } from '../../storage/free-space.js';
import type { SpaceReservation } from '../../storage/free-space.js';
import { AdmissionService } from '../intake/admission.service.js';
import { UploadStalled } from '../transfer/transfer.errors.js';
import { MeteredSink } from '../transfer/metered-sink.js';
import type { Meter } from '../transfer/metered-sink.js';
import { pump } from '../transfer/pump.js';
import { UploadWatch } from '../intake/upload-watch.js';
import { BetweenRequests } from './between-requests.js';
import type { Kept } from './between-requests.js';
import { ResumableCompletion, assertMayGoOn } from './resumable-completion.service.js';
import type { Transfer } from './resumable-completion.service.js';
import { ResumableRows } from './resumable-rows.service.js';
import { ChecksumMismatch, DeclaredLengthExceeded } from './resumable.errors.js';

/** Takes the bytes of one request into an unfinished upload, by the same one pass as the other ways in. */
@Injectable()
export class AppendingService {
  constructor(
    private readonly between: BetweenRequests,
    private readonly rows: ResumableRows,
    private readonly completion: ResumableCompletion,
    private readonly admissions: AdmissionService,
    private readonly watches: UploadWatch,
    private readonly store: BlobStore,
    private readonly space: FreeSpace,
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
    const { offset, length } = await this.completion.progressOf(row);
    if (length !== null && offset === length) {
      await this.completion.completeHeld(transfer);
      return length;
    }
    transfer.leave ??= this.admissions.enter({ tokenId: token.id, address: req.ip ?? '' });
    const kept = this.between.take(row.id);
    let next: Kept | null = kept;
    let space = kept?.space ?? null;
    let partial: PartialBlob | null = null;
    let sink: MeteredSink | null = null;
    const endWatch = this.watches.begin(req, abort, () => sink?.writableNeedDrain ?? true);
    try {
      space ??= await this.space.reserve(length === null ? null : length - offset);
      partial = await this.store.resume(blobKey(row.id));
      if (partial.size > offset) {
        // A crash left what its checksum did not prove.
        await partial.cut(offset);
        partial = await this.store.resume(blobKey(row.id));
      }
      const before = partial.size;
      const digest =
        kept?.size === before
          ? kept.digest
          : await this.completion.digestOf(row, before, abort.signal);
      const untouched = digest.copy();
      const request = checksum === null ? null : newDigest();
      const target = partial.writable;
      const meter = this.meter(transfer, space);
      // Refused before a byte of it is read, as everywhere.
      if (before + Number(req.get('content-length') ?? 0) > meter.limit) throw meter.exceeded();
      sink = new MeteredSink(target, meter, { size: before, digest, request });
      // Both are told of to the pump; one that comes later must not end the process.
      sink.on('error', () => undefined);
      target.on('error', () => undefined);
      next = null;
      if (checksum !== null) await this.rows.note(row, { provedBytes: before });
      sendContinue(req, res);
      const broken = await pump(req, sink, abort.signal, 'flush').then(
        () => null,
        (cause: unknown) => (abort.signal.aborted ? abort.signal.reason : cause) as Error,
      );
      endWatch();
      const received = request?.digest('hex') ?? null;
      const isOver = sink.size > meter.limit;
      if (isOver || (checksum !== null && (broken !== null || received !== checksum))) {
        // Not where another process took us for dead and writes on.
        if (await this.rows.isHolder(row)) await partial.cut(before);
        next = { digest: untouched, size: before, space: null };
        throw broken ?? new ChecksumMismatch(checksum ?? '', received ?? '');
      }
      const isComplete = broken === null && sink.size === row.declaredBytes;
      transfer.hasGrown = sink.size > before;
      // A client that is silent for so long, or brings nothing, may not come back: its room is others' at once.
      const room = transfer.hasGrown && !(broken instanceof UploadStalled) ? space : null;
      if (sink.writableFinished && !isComplete) next = { digest, size: sink.size, space: room };
      if (broken !== null) throw broken;
      if (isComplete) await this.completion.complete(transfer, digest, sink.size, partial);
      return sink.size;
    } finally {
      endWatch();
      sink?.destroy();
      // Before it is answered: of what was told the client sends nothing again.
      await partial?.keep().catch((cause: unknown) => {
        space?.release();
        throw cause;
      });
      if (next?.space !== space) space?.release();
      if (next) this.between.put(row.id, next);
    }
  }

  private meter({ row, token }: Transfer, space: SpaceReservation): Meter {
    const declared = row.declaredBytes;
    return declared === null
      ? { ...this.admissions.limits(token), space }
      : { limit: declared, exceeded: () => new DeclaredLengthExceeded(declared), space };
  }
}
