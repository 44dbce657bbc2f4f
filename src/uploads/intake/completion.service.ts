import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../../metrics/metrics.js';
import type { PartialBlob } from '../../storage/blob-store.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { ReadBack } from '../side-cars/read-back.service.js';
import { Md5Wanted, SideCarsService } from '../side-cars/side-cars.service.js';
import type { Receipt } from './intake.dto.js';
import { UploadsService } from '../records/uploads.service.js';
import type { NewUpload, Received } from '../records/new-upload.js';

/** The last steps of every way in: the bytes are made durable, and then one transaction records the archive. */
@Injectable()
export class CompletionService {
  private readonly log = new Logger(CompletionService.name);

  constructor(
    private readonly uploads: UploadsService,
    private readonly sideCars: SideCarsService,
    private readonly readBack: ReadBack,
    private readonly metrics: Metrics,
  ) {}

  /**
   * @param partial null where its bytes are durable already
   * @throws FileContradictsClaim, and what else refuses the archive at its end; the caller then settles the upload
   */
  async complete(
    token: KnownToken,
    upload: NewUpload,
    received: Received,
    partial: PartialBlob | null,
  ): Promise<Receipt> {
    if (partial) await this.metrics.timed('storage', () => partial.commit(received.size));
    const { attemptsLeft, uploadedAt } = await this.commit(token, upload, received);
    this.log.log({ event: 'archive.stored', archiveId: upload.id, bytes: received.size });
    return {
      id: upload.id,
      ticket: token.ticket.number,
      ...received,
      uploadedAt: uploadedAt.toISOString(),
      attemptsLeft,
    };
  }

  /**
   * The transaction itself looks for claims, so that one which comes at this moment is not missed. Where that takes an
   * MD5 it is given up, the bytes are read, which may take minutes and must hold no lock, and it is tried again.
   */
  private async commit(
    token: KnownToken,
    upload: NewUpload,
    received: Received,
  ): ReturnType<UploadsService['commit']> {
    let md5: string | null = null;
    for (;;)
      try {
        return await this.uploads.commit(token, upload, received, (tx) =>
          this.sideCars.settle(tx, token.id, received, md5),
        );
      } catch (cause) {
        if (!(cause instanceof Md5Wanted)) throw cause;
        md5 = await this.readBack.ofUpload(token.id, { id: upload.id, ...received });
      }
  }
}
