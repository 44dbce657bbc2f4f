import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, Length, Matches, Max, Min } from 'class-validator';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { MayBeAbsent, QueryFlag, StorableText } from '../http/fields.js';
import { PageView } from '../http/page-view.js';
import type { Platform } from './platform.entity.js';

export const platformNamePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Slug of a platform. */
export const PlatformName = (): PropertyDecorator =>
  applyDecorators(
    Matches(platformNamePattern, {
      message: 'must be 1 to 63 of a-z, 0-9 and -, and begin with a letter or digit',
    }),
    ApiProperty({ example: 'backup-server', pattern: platformNamePattern.source }),
  );

const PlatformTitle = (): PropertyDecorator => applyDecorators(Length(1, 200), StorableText());

/** A limit that a platform sets for itself; null or absent takes the service's. */
const Limit = (min: number, max: number, options: ApiPropertyOptions): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    IsInt(),
    Min(min),
    Max(max),
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      minimum: min,
      maximum: max,
      ...options,
    }),
  );

const year = 365 * 24 * 60 * 60;

class PlatformLimits {
  @Limit(1, Number.MAX_SAFE_INTEGER, {
    description: 'Largest upload, in bytes; at most MAX_UPLOAD_BYTES counts',
  })
  readonly maxUploadBytes?: number | null;

  @Limit(1, 1000, { description: 'Attempts of a new token' })
  readonly tokenAttempts?: number | null;

  @Limit(1, year, { description: 'Lifetime of a new token, in seconds' })
  readonly tokenLifetime?: number | null;

  @Limit(1, Number.MAX_SAFE_INTEGER, {
    description: 'Bytes that all its archives may take together',
  })
  readonly quotaBytes?: number | null;

  @Limit(1, 36_500, { description: 'Days after which an archive is deleted' })
  readonly retentionDays?: number | null;
}

export class CreatePlatform extends PlatformLimits {
  @PlatformName()
  readonly name!: string;

  @PlatformTitle()
  @ApiProperty({ example: 'Backup Server', maxLength: 200 })
  readonly title!: string;
}

export class ChangePlatform extends PlatformLimits {
  @MayBeAbsent()
  @PlatformTitle()
  @ApiPropertyOptional({ example: 'Backup Server', maxLength: 200 })
  readonly title?: string;
}

export class DeletePlatformQuery {
  @ApiPropertyOptional({ description: 'Delete its tickets, tokens and archives too' })
  @MayBeAbsent()
  @QueryFlag()
  @IsBoolean()
  readonly cascade?: boolean;
}

export class PlatformView {
  @ApiProperty({ example: 'backup-server' })
  readonly name!: string;
  @ApiProperty({ example: 'Backup Server' })
  readonly title!: string;
  @ApiProperty({ type: 'integer', nullable: true })
  readonly maxUploadBytes!: number | null;
  @ApiProperty({ type: 'integer', nullable: true })
  readonly tokenAttempts!: number | null;
  @ApiProperty({ type: 'integer', nullable: true })
  readonly tokenLifetime!: number | null;
  @ApiProperty({ type: 'integer', nullable: true })
  readonly quotaBytes!: number | null;
  @ApiProperty({ type: 'integer', nullable: true })
  readonly retentionDays!: number | null;
}

export class PlatformPage extends PageView(PlatformView) {}

export const platformView = ({
  name,
  title,
  maxUploadBytes,
  tokenAttempts,
  tokenLifetime,
  quotaBytes,
  retentionDays,
}: Platform): PlatformView => ({
  name,
  title,
  maxUploadBytes,
  tokenAttempts,
  tokenLifetime,
  quotaBytes,
  retentionDays,
});
