import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { MayBeAbsent } from '../../http/fields.js';
import { PageView } from '../../http/page-view.js';
import { tokenStates } from './upload-tokens.policy.js';
import type { TokenState } from './upload-tokens.policy.js';
import type { UploadToken } from './upload-token.entity.js';

const year = 365 * 24 * 60 * 60;

export const Attempts = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    IsInt(),
    Min(1),
    Max(1000),
    ApiPropertyOptional({
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      description: 'archives that it may still store',
    }),
  );

export const Lifetime = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    IsInt(),
    Min(1),
    Max(year),
    ApiPropertyOptional({
      type: 'integer',
      minimum: 1,
      maximum: year,
      description: 'seconds from now',
    }),
  );

/** What is not given comes from the platform, then from TOKEN_ATTEMPTS and TOKEN_LIFETIME. */
export class IssueToken {
  @Attempts()
  readonly attempts?: number | undefined;

  @Lifetime()
  readonly lifetime?: number | undefined;
}

/** What is given replaces what is left; what is not given stays. */
export class ExtendToken extends IssueToken {}

export class TokenView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty({ enum: tokenStates })
  readonly state!: TokenState;
  @ApiProperty({ type: 'integer' })
  readonly attemptsLeft!: number;
  @ApiProperty({
    type: 'integer',
    description: 'uploads that stored nothing since the last stored one',
  })
  readonly failures!: number;
  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  readonly revokedAt!: string | null;
  @ApiProperty({ example: 'ann' })
  readonly createdBy!: string;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
}

export class TokenPage extends PageView(TokenView) {}

/** The answer to the customer; the token's value is shown here and never again. */
export class IssuedToken {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty({ example: 'lct_V1StGXR8Z5jdHi6BmyT0cQ9wL2xKpN4a' })
  readonly value!: string;
  @ApiProperty({ type: 'integer' })
  readonly attemptsLeft!: number;
  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
  @ApiProperty({
    description: 'page for a browser; the token is in the fragment, which browsers do not send',
    example: 'https://logs.example.com/upload#lct_…',
  })
  readonly uploadUrl!: string;
  @ApiProperty({ description: 'line for a shell' })
  readonly curl!: string;
  @ApiProperty({
    description:
      'line for a shell on Linux or macOS, for large files and bad lines: it goes on after interruptions; ' +
      'the script needs only curl and coreutils or busybox',
    example:
      'curl -fsSO https://logs.example.com/upload.sh && UPLOAD_TOKEN=lct_… sh upload.sh logs.tgz',
  })
  readonly script!: string;
}

/** What the holder of a token may know: nothing of notes, people or other tokens. */
export class OwnTokenView {
  @ApiProperty({ example: 'SUP-48213' })
  readonly ticket!: string;
  @ApiProperty({ example: 'backup-server' })
  readonly platform!: string;
  @ApiProperty({ example: 'Backup Server', description: 'what people call the platform' })
  readonly platformTitle!: string;
  @ApiProperty({ enum: tokenStates })
  readonly state!: TokenState;
  @ApiProperty({ type: 'integer' })
  readonly attemptsLeft!: number;
  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
  @ApiProperty({ type: 'integer', description: 'largest file, in bytes' })
  readonly maxUploadBytes!: number;
  @ApiProperty({
    type: 'integer',
    description:
      'room for uploads, in bytes: what is free less MIN_FREE_BYTES and what the uploads under way will still write; 0 where none is taken',
  })
  readonly freeBytes!: number;
  @ApiProperty({ format: 'date-time' })
  readonly serverTime!: string;
}

export const tokenView = (token: UploadToken, state: TokenState): TokenView => ({
  id: token.id,
  state,
  attemptsLeft: token.attemptsLeft,
  failures: token.failures,
  expiresAt: token.expiresAt.toISOString(),
  revokedAt: token.revokedAt?.toISOString() ?? null,
  createdBy: token.createdBy,
  createdAt: token.createdAt.toISOString(),
});

/**
 * @param value the secret, of which only the hash is kept
 * @param base address of the service as the customer reaches it
 */
export const issuedToken = (token: UploadToken, value: string, base: string): IssuedToken => ({
  id: token.id,
  value,
  attemptsLeft: token.attemptsLeft,
  expiresAt: token.expiresAt.toISOString(),
  uploadUrl: `${base}/upload#${value}`,
  // Double quotes: the line works in a Windows shell too.
  curl: `curl -F file=@logs.tgz -H "Upload-Token: ${value}" ${base}/api/v1/archives`,
  script: `curl -fsSO ${base}/upload.sh && UPLOAD_TOKEN=${value} sh upload.sh logs.tgz`,
});
