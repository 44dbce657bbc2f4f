import { ApiProperty, PickType } from '@nestjs/swagger';
import { ArchiveView } from '../../archives/archives.dto.js';

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
