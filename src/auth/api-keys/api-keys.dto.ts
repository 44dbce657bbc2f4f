import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, Length } from 'class-validator';
import { scopes } from '../../http/allow.js';
import type { Scope } from '../../http/allow.js';
import { InstantText, MayBeAbsent, StorableText } from '../../http/fields.js';
import { PageView } from '../../http/page-view.js';
import type { ApiKey } from './api-key.entity.js';

export class CreateApiKey {
  @Length(1, 100)
  @StorableText()
  @ApiProperty({ example: 'help desk', maxLength: 100 })
  readonly name!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(scopes.length)
  @ArrayUnique()
  @IsIn(scopes, { each: true })
  @ApiProperty({
    enum: scopes,
    isArray: true,
    minItems: 1,
    maxItems: scopes.length,
    uniqueItems: true,
  })
  readonly scopes!: readonly Scope[];

  @MayBeAbsent()
  @InstantText()
  @ApiPropertyOptional({
    format: 'date-time',
    example: '2027-01-31T00:00:00.000Z',
    description: 'When the key dies; without it, never',
  })
  readonly expiresAt?: string;
}

export class ApiKeyView {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ example: 'help desk' })
  readonly name!: string;
  @ApiProperty({ enum: scopes, isArray: true })
  readonly scopes!: readonly Scope[];
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  readonly expiresAt!: string | null;
  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'To the minute',
  })
  readonly lastUsedAt!: string | null;
  @ApiProperty({ example: 'ann' })
  readonly createdBy!: string;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
}

export class ApiKeyPage extends PageView(ApiKeyView) {}

export class CreatedApiKeyView {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ example: 'help desk' })
  readonly name!: string;
  @ApiProperty({ enum: scopes, isArray: true })
  readonly scopes!: readonly Scope[];
  @ApiProperty({ example: 'lck_V1StGXR8Z5jdHi6BmyT0aQxK3nE7wLpU', description: 'Shown this once' })
  readonly value!: string;
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  readonly expiresAt!: string | null;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
}

/** What the key may do; a scope that this version does not know grants nothing. */
export const scopesOf = ({ scopes: text }: Pick<ApiKey, 'scopes'>): readonly Scope[] =>
  scopes.filter((scope) => text.split(' ').includes(scope));

export const apiKeyView = (key: ApiKey): ApiKeyView => ({
  id: key.id,
  name: key.name,
  scopes: scopesOf(key),
  expiresAt: key.expiresAt?.toISOString() ?? null,
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  createdBy: key.createdBy,
  createdAt: key.createdAt.toISOString(),
});

export const createdApiKeyView = (key: ApiKey, value: string): CreatedApiKeyView => ({
  id: key.id,
  name: key.name,
  scopes: scopesOf(key),
  value,
  expiresAt: key.expiresAt?.toISOString() ?? null,
  createdAt: key.createdAt.toISOString(),
});
