import { Injectable, Logger } from '@nestjs/common';
import type { PartialBlob } from '../../storage/blob-store.js';
import type { KnownToken } from '../../upload-tokens/upload-tokens.service.js';
import type { Receipt } from './intake.dto.js';
import { UploadsService } from './uploads.service.js';
import type { NewUpload, Received } from './uploads.service.js';

/** The last steps of every way in: the bytes are made durable, and then one transaction records the archive. */
@Injectable()
export class CompletionService {
  private readonly log = new Logger(CompletionService.name);

  constructor(private readonly uploads: UploadsService) {}

  /**
   * @param partial null where its bytes are durable already
   * @throws what refuses the archive at its end; the caller then settles the upload
   */
  async complete(
    token: KnownToken,
    upload: NewUpload,
    received: Received,
    partial: PartialBlob | null,
  ): Promise<Receipt> {
    await partial?.commit(received.size);
    const { attemptsLeft, uploadedAt } = await this.uploads.commit(token, upload, received);
    this.log.log({ event: 'archive.stored', archiveId: upload.id, bytes: received.size });
    return {
      id: upload.id,
      ticket: token.ticket.number,
      ...received,
      uploadedAt: uploadedAt.toISOString(),
      attemptsLeft,
    };
  }
}
