import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { newId } from '../secrets/secrets.js';
import { CursorInvalid, PageQuery, cursorId, page } from './cursor.js';

const query = (fields: object): PageQuery => plainToInstance(PageQuery, fields);
const rows = (count: number) => Array.from({ length: count }, () => ({ id: newId() })).reverse();

describe('a page', () => {
  it('leads to the next one by the id of its last row', () => {
    const all = rows(4);
    const { items, nextCursor } = page(all, 3, ({ id }) => id);
    expect(items).toEqual(all.slice(0, 3).map(({ id }) => id));
    expect(cursorId(query({ cursor: nextCursor }))).toBe(all[2]?.id);
  });

  it.each([0, 1, 3])('is the last one with %i of 3 rows', (count) => {
    expect(page(rows(count), 3, ({ id }) => id).nextCursor).toBeNull();
  });

  it('is the first one without a cursor', () => {
    expect(cursorId(query({}))).toBeNull();
  });

  it.each(['', 'x', '../../etc', 'AAAAAAAAAAAAAAAAAAAAAA', 'é'.repeat(22)])(
    'refuses %j, which is no cursor of ours',
    (cursor) => {
      expect(() => cursorId(query({ cursor }))).toThrow(CursorInvalid);
    },
  );

  it('takes a cursor in one spelling only', () => {
    const { nextCursor } = page(rows(2), 1, ({ id }) => id);
    expect(() => cursorId(query({ cursor: `${nextCursor}=` }))).toThrow(CursorInvalid);
    expect(() => cursorId(query({ cursor: `${nextCursor}AA` }))).toThrow(CursorInvalid);
  });

  it.each([
    [{}, 50],
    [{ limit: '1' }, 1],
    [{ limit: '200' }, 200],
  ])('takes %j as a limit of %i', (fields, limit) => {
    expect(validateSync(query(fields))).toEqual([]);
    expect(query(fields).limit).toBe(limit);
  });

  it.each(['0', '201', '-1', '1.5', '1e2', '', 'all', '9999999999999'])('refuses %j', (limit) => {
    expect(validateSync(query({ limit }))).toHaveLength(1);
  });
});
