import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { PageQuery } from '../http/cursor.js';
import { MayBeAbsent, StorableText } from '../http/fields.js';
import { PageView } from '../http/page-view.js';
import type { Archive } from './archive.entity.js';

export const archiveStates = ['stored', 'mismatched', 'damaged'] as const;
export type ArchiveState = (typeof archiveStates)[number];

/** Damage hides a mismatch as long as it lasts: it says what can be done with the archive now. */
export const archiveState = ({
  state,
  sha256Claim,
  md5Claim,
}: Pick<Archive, 'state' | 'sha256Claim' | 'md5Claim'>): ArchiveState => {
  if (state === 'damaged') return 'damaged';
  return sha256Claim === 'mismatched' || md5Claim === 'mismatched' ? 'mismatched' : 'stored';
};

export class ArchiveQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Number of a ticket' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  @StorableText()
  readonly ticket?: string;

  @ApiPropertyOptional({ description: 'Name of a platform' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(63)
  @StorableText()
  readonly platform?: string;

  @ApiPropertyOptional({ description: 'Part of the filename, in any case' })
  @MayBeAbsent()
  @MaxLength(200)
  @StorableText()
  readonly q?: string;
}

export class ArchiveView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty({ example: 'SUP-48213' })
  readonly ticket!: string;
  @ApiProperty({ example: 'backup-server' })
  readonly platform!: string;
  @ApiProperty({ example: 'logs.tgz' })
  readonly filename!: string;
  @ApiProperty({ type: 'integer', description: 'bytes' })
  readonly size!: number;
  @ApiProperty({ description: 'SHA-256 of the bytes, lower-case hex', pattern: '^[0-9a-f]{64}$' })
  readonly sha256!: string;
  @ApiProperty({ format: 'date-time' })
  readonly uploadedAt!: string;
  @ApiProperty({ format: 'uuid', description: 'token that it came by' })
  readonly tokenId!: string;
  @ApiProperty({
    enum: archiveStates,
    description:
      'mismatched: a side-car claims another digest; damaged: the stored bytes are missing or changed, no download',
  })
  readonly state!: ArchiveState;
}

export class ArchivePage extends PageView(ArchiveView) {}

/** @param archive with its ticket and platform loaded */
export const archiveView = (archive: Archive): ArchiveView => ({
  id: archive.id,
  ticket: archive.ticket?.number ?? '',
  platform: archive.platform?.name ?? '',
  filename: archive.filename,
  size: archive.size,
  sha256: archive.sha256,
  uploadedAt: archive.uploadedAt.toISOString(),
  tokenId: archive.tokenId,
  state: archiveState(archive),
});

export class StorageView {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'bytes of the volume; null: an object store, which has none',
  })
  readonly total!: number | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'bytes in use on it, by whomever' })
  readonly used!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'bytes free on it, MIN_FREE_BYTES among them',
  })
  readonly free!: number | null;
  @ApiProperty({ type: 'number', nullable: true, example: 41.5 })
  readonly usedPercent!: number | null;
  @ApiProperty({
    type: 'object',
    properties: { count: { type: 'integer' }, bytes: { type: 'integer' } },
    required: ['count', 'bytes'],
  })
  readonly archives!: { readonly count: number; readonly bytes: number };
}
