import { Injectable } from '@nestjs/common';
import { DatabaseUnavailable } from '../../errors/errors.js';
import { newDigest } from '../../secrets/digest.js';
import type { Digest } from '../../secrets/digest.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import type { PartialBlob } from '../../storage/blob-store.js';
import { TicketResolved } from '../../tickets/tickets.errors.js';
import {
  UploadTokenRevoked,
  UploadTokenUnknown,
} from '../../tickets/tokens/upload-tokens.errors.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { CompletionService } from '../intake/completion.service.js';
import { QuotaExceeded } from '../records/uploads.errors.js';
import { UploadFault, assertDigest } from '../../http/transfer/transfer.errors.js';
import type { Failed } from '../records/upload-outcome.policy.js';
import type { Upload } from '../records/upload.entity.js';
import { AbandonedUploads } from '../records/abandoned-uploads.service.js';
import { UploadHolders } from '../records/upload-holders.service.js';
import type { HeldUpload } from '../records/upload-holders.service.js';
import type { UploadLease } from '../intake/upload-lease.js';
import { ResumeCache } from './resume-cache.js';

/** How far an upload has come. */
export interface Progress {
  readonly id: string;
  /** Bytes that the store holds of it. */
  readonly offset: number;
  /** Null while it is not declared. */
  readonly length: number | null;
  /** Upload-Metadata as it came. */
  readonly metadata: string | null;
  /** When a request last brought something. */
  readonly activeAt: Date;
  /** SHA-256 of the archive that it has become; null while it is unfinished. */
  readonly sha256: string | null;
}

/** A request that holds an unfinished upload: nobody else writes or settles it until `release`. */
export interface Transfer {
  readonly row: HeldUpload;
  readonly token: KnownToken;
  /** Open until its row is gone: it became an archive, or was ended. */
  readonly lease: UploadLease;
  readonly abort: AbortController;
  /** Whether bytes came. */
  hasGrown: boolean;
}

/** Expiry does not end an upload that has begun. @throws UploadTokenRevoked, TicketResolved */
export const assertMayGoOn = ({ revokedAt, ticket }: KnownToken): void => {
  if (revokedAt) throw new UploadTokenRevoked();
  if (ticket.resolved) throw new TicketResolved();
};

/** Errors that end an upload permanently; after any other the client may resume. */
const isFinal = (cause: unknown): boolean =>
  cause instanceof UploadFault ||
  cause instanceof QuotaExceeded ||
  cause instanceof UploadTokenRevoked ||
  cause instanceof UploadTokenUnknown;

/**
 * How an upload of many requests ends. What it needs to survive broken lines and restarts is its row and its partial
 * blob alone: the offset is the size of the partial blob. What a request brought is durable before it is answered, so
 * that the offset is never above what is on the disk, whatever is cut. Of a request that the power cut itself ended any
 * part may be there; a file system that tells a size only once its bytes are written (all in their usual modes: see
 * docs/operations.md) shows no zeros in their place, and on another one Repr-Digest or Upload-Checksum finds them.
 *
 * The SHA-256 of the whole is continued from request to request in memory (ResumeCache). After a restart, or in another
 * replica, the bytes that are there are read once more when the upload is resumed: about a second for each GiB,
 * which a checkpoint of the hash's state would save, but node:crypto has none, and the hashes that have one cost
 * every byte more than that.
 */
@Injectable()
export class ResumableCompletion {
  constructor(
    private readonly cache: ResumeCache,
    private readonly holders: UploadHolders,
    private readonly abandoned: AbandonedUploads,
    private readonly completion: CompletionService,
    private readonly store: BlobStore,
  ) {}

  /** How far an unfinished upload has come. */
  async progressOf(
    row: Pick<Upload, 'id' | 'declaredBytes' | 'provedBytes' | 'metadata' | 'activeAt'>,
  ): Promise<Progress> {
    const { id, declaredBytes: length, metadata } = row;
    const partial = await this.store.sizeOfPartial(blobKey(id));
    const isDurable = partial === 0 && length !== null && (await this.store.has(blobKey(id)));
    return {
      id,
      offset: isDurable ? length : Math.min(partial, row.provedBytes ?? partial),
      length,
      metadata,
      activeAt: row.activeAt ?? new Date(),
      sha256: null,
    };
  }

  /** The SHA-256 of the first bytes, read from the store. */
  async digestOf(row: HeldUpload, size: number, signal?: AbortSignal): Promise<Digest> {
    const digest = newDigest();
    if (size === 0) return digest;
    const key = blobKey(row.id);
    const isDurable = (await this.store.sizeOfPartial(key)) === 0;
    const bytes = isDurable
      ? await this.store.open(key, size)
      : await this.store.openPartial(key, size);
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      digest.update(chunk as Buffer);
    }
    return digest;
  }

  /** Makes an archive of an upload whose bytes are all there. @throws what refuses it at its end */
  async completeHeld(transfer: Transfer): Promise<void> {
    const { row, token, abort } = transfer;
    assertMayGoOn(token);
    const size = row.declaredBytes ?? 0;
    const digest = await this.digestOf(row, size, abort.signal);
    const key = blobKey(row.id);
    const partial = (await this.store.sizeOfPartial(key)) > 0 ? await this.store.resume(key) : null;
    if (!partial) await this.store.secure(key);
    try {
      await this.complete(transfer, digest, size, partial);
    } finally {
      await partial?.keep();
    }
  }

  /** @param partial null where the bytes are durable already. @throws what refuses it at its end */
  async complete(
    transfer: Transfer,
    digest: Digest,
    size: number,
    partial: PartialBlob | null,
  ): Promise<void> {
    const { row, token, lease } = transfer;
    const sha256 = digest.digest('hex');
    try {
      assertDigest(row.sha256, sha256);
      if (!(await this.holders.isHolder(row))) throw await this.holders.lost(row);
      const received = { filename: row.filename ?? '', size, sha256 };
      await this.completion.complete(lease, { token, upload: row }, received, partial);
      this.cache.drop(row.id);
    } catch (cause) {
      if (!isFinal(cause)) throw cause;
      await partial?.keep();
      if ((await this.settleFailed(transfer, cause)) !== 'stored') throw cause;
    }
  }

  /** Ends it without an archive: its attempt is given back, its bytes go. @throws DatabaseUnavailable */
  async settleFailed(transfer: Transfer, cause: unknown): Promise<'stored' | 'ended'> {
    const failed = await this.fail(transfer, cause);
    if (failed === 'unsettled') throw new DatabaseUnavailable();
    return failed === 'stored' ? 'stored' : 'ended';
  }

  /** Settles its attempt, and remembers how much of it came. */
  async fail({ row, lease }: Transfer, cause: unknown): Promise<Failed> {
    const bytes = await this.abandoned.bytesOf(row.id);
    this.cache.drop(row.id);
    return lease.fail({ filename: row.filename, bytes }, cause);
  }
}
