import type { SelectQueryBuilder } from 'typeorm';
import { cursorId, page } from './cursor.js';
import type { Page, PageQuery } from './cursor.js';

/**
 * One page of what the query selects, newest first, by key and never by offset.
 * `limit`, not `take`: with a join that would first select the ids apart.
 * @throws CursorInvalid
 */
export const pageOf = async <Row extends { readonly id: string }, View>(
  rows: SelectQueryBuilder<Row>,
  query: PageQuery,
  view: (row: Row) => View,
): Promise<Page<View>> => {
  const before = cursorId(query);
  if (before !== null) rows.andWhere(`${rows.alias}.id < :before`, { before });
  const found = await rows
    .orderBy(`${rows.alias}.id`, 'DESC')
    .limit(query.limit + 1)
    .getMany();
  return page(found, query.limit, view);
};
