import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import { Archive } from '../archive.entity.js';
import { deliveredArchive, maxDelivered } from './receipts.dto.js';
import type { OwnTokenReceipt } from './receipts.dto.js';

/** Tells the customer what they may still do with a token, and what they have done. */
@Injectable()
export class ReceiptsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: UploadTokensService,
  ) {}

  /** Changes nothing. @throws UploadTokenUnknown where the token was deleted meanwhile */
  async own(tokenId: string): Promise<OwnTokenReceipt> {
    const token = await this.tokens.own(tokenId);
    const archives = await this.dataSource.manager.find(Archive, {
      where: { tokenId },
      // By the time that is shown. The key is that of the upload's beginning, a day ago for a resumed one; and by it
      // PostgreSQL would walk all archives, newest first, in the hope of a thousand of this token's.
      order: { uploadedAt: 'DESC', id: 'DESC' },
      take: maxDelivered,
    });
    return { ...token, archives: archives.map(deliveredArchive) };
  }
}
