import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { DomainError } from '../errors/domain-error.js';
import { idPattern } from './key.pipe.js';

export class CursorInvalid extends DomainError {
  readonly code = 'cursor-invalid';
  constructor() {
    super('Take nextCursor from the page before, unchanged, or leave cursor out to begin anew.');
  }
}

/** Query of every list: newest first, by key and never by offset. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
  )
  @IsInt()
  @Min(1)
  @Max(200)
  readonly limit: number = 50;

  @ApiPropertyOptional({ description: 'nextCursor of the page before; opaque' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  readonly cursor?: string;
}

export interface Page<View> {
  readonly items: readonly View[];
  readonly nextCursor: string | null;
}

/** Ids are time-ordered (newId), so the id of the last row says where the next page begins. */
const encode = (id: string): string =>
  Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

/** The id before which the page begins; null for the first page. @throws CursorInvalid */
export const cursorId = ({ cursor }: PageQuery): string | null => {
  if (cursor === undefined) return null;
  const hex = Buffer.from(cursor, 'base64url').toString('hex');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (!idPattern.test(id) || encode(id) !== cursor) throw new CursorInvalid();
  return id;
};

/** @param rows up to limit + 1 rows: the one too many tells that there is a next page */
export const page = <Row extends { readonly id: string }, View>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => View,
): Page<View> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(view),
    nextCursor: rows.length > limit && last ? encode(last.id) : null,
  };
};

/** What a filter by something unknown finds. */
export const emptyPage: Page<never> = { items: [], nextCursor: null };
