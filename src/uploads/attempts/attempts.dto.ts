import { ApiProperty } from '@nestjs/swagger';
import { PageView } from '../../http/page-view.js';
import { ways } from '../records/upload.entity.js';
import type { Upload, Way } from '../records/upload.entity.js';
import type { Attempt } from '../records/attempt.entity.js';

const attemptOutcomes = ['under-way', 'stored', 'failed'] as const;

export class AttemptView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty({ format: 'uuid' })
  readonly tokenId!: string;
  @ApiProperty({ enum: attemptOutcomes })
  readonly outcome!: (typeof attemptOutcomes)[number];
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'upload-too-large',
    description:
      'why it failed: an error code, or: ended (by the customer), expired, revoked, interrupted (the service was stopped or died); null where it did not',
  })
  readonly reason!: string | null;
  @ApiProperty({ enum: ways, description: 'how it came; tus: a resumable upload' })
  readonly way!: Way;
  @ApiProperty({ type: String, nullable: true, description: 'null where it is not known' })
  readonly filename!: string | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'bytes of the file that came; null where nobody counted them, or not here',
  })
  readonly bytes!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'bytes that were announced; of a form with what is around the file',
  })
  readonly declaredBytes!: number | null;
  @ApiProperty({ example: '203.0.113.7' })
  readonly address!: string;
  @ApiProperty({ format: 'date-time' })
  readonly beganAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly endedAt!: string | null;
  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'what it became; null where there is no such archive, or no longer',
  })
  readonly archiveId!: string | null;
}

/** Those under way come first, and on the first page only. */
export class AttemptPage extends PageView(AttemptView) {}

export const endedAttempt = (attempt: Attempt, hasArchive: boolean): AttemptView => ({
  id: attempt.id,
  tokenId: attempt.tokenId,
  outcome: attempt.outcome,
  reason: attempt.reason,
  way: attempt.way,
  filename: attempt.filename,
  bytes: attempt.bytes,
  declaredBytes: attempt.declaredBytes,
  address: attempt.address,
  beganAt: attempt.beganAt.toISOString(),
  endedAt: attempt.endedAt.toISOString(),
  archiveId: hasArchive ? attempt.id : null,
});

/** @param bytes that came of it, as far as that is known */
export const attemptUnderWay = (upload: Upload, bytes: number | null): AttemptView => ({
  id: upload.id,
  tokenId: upload.tokenId,
  outcome: 'under-way',
  reason: null,
  way: upload.way,
  filename: upload.filename,
  bytes,
  declaredBytes: upload.declaredBytes,
  address: upload.address,
  beganAt: upload.beganAt.toISOString(),
  endedAt: null,
  archiveId: null,
});
