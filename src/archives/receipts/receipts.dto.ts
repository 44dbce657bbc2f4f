import { ApiProperty, PickType } from '@nestjs/swagger';
import { OwnTokenView } from '../../tickets/tokens/upload-tokens.dto.js';
import type { Archive } from '../archive.entity.js';
import { ArchiveView } from '../archives.dto.js';

/** More than that a token rarely delivers: it takes an engineer who extends it. */
export const maxDelivered = 1000;

/** One stored archive, as whoever sent it may see it. */
export class DeliveredArchive extends PickType(ArchiveView, [
  'id',
  'filename',
  'size',
  'sha256',
  'uploadedAt',
]) {}

/** What the holder of a token may know of it, and what they have delivered with it. */
export class OwnTokenReceipt extends OwnTokenView {
  @ApiProperty({
    type: [DeliveredArchive],
    maxItems: maxDelivered,
    description: `what this token has delivered and nobody has deleted, newest first; of more than ${maxDelivered} the newest`,
  })
  readonly archives!: readonly DeliveredArchive[];
}

export const deliveredArchive = (archive: Archive): DeliveredArchive => ({
  id: archive.id,
  filename: archive.filename,
  size: archive.size,
  sha256: archive.sha256,
  uploadedAt: archive.uploadedAt.toISOString(),
});
