import { ApiProperty, PickType } from '@nestjs/swagger';
import type { Archive } from '../../archives/archive.entity.js';
import { ArchiveView } from '../../archives/archives.dto.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';

/** What the customer gets for a stored archive; sent only when bytes and record are durable. */
export class Receipt extends PickType(ArchiveView, [
  'id',
  'ticket',
  'filename',
  'size',
  'sha256',
  'uploadedAt',
]) {
  @ApiProperty({ type: 'integer' })
  readonly attemptsLeft!: number;
}

export const receiptOf = (
  { ticket, attemptsLeft }: Pick<KnownToken, 'ticket' | 'attemptsLeft'>,
  archive: Pick<Archive, 'id' | 'filename' | 'size' | 'sha256' | 'uploadedAt'>,
): Receipt => ({
  id: archive.id,
  ticket: ticket.number,
  filename: archive.filename,
  size: archive.size,
  sha256: archive.sha256,
  uploadedAt: archive.uploadedAt.toISOString(),
  attemptsLeft,
});
