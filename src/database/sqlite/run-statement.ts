import type { Database } from 'better-sqlite3';
import { QueryFailedError, QueryResult } from 'typeorm';

/**
 * What better-sqlite3 binds: it has no booleans, and of a number above 32 bits it makes a REAL, and a sum with it is one.
 */
export const bindable = (value: unknown): unknown => {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
};

/**
 * Runs one statement at once. TypeORM's own runner does the same behind three promises, which take longer than most of
 * the statements do.
 * @throws QueryFailedError
 */
export const runStatement = (
  database: Pick<Database, 'prepare'>,
  text: string,
  parameters: readonly unknown[] = [],
): QueryResult => {
  const result = new QueryResult();
  try {
    const statement = database.prepare(text);
    const bound = parameters.map(bindable);
    if (statement.reader) result.raw = result.records = statement.all(...bound);
    else {
      const { changes, lastInsertRowid } = statement.run(...bound);
      result.affected = changes;
      result.raw = lastInsertRowid;
    }
    return result;
  } catch (cause) {
    throw new QueryFailedError(text, [...parameters], cause as Error);
  }
};
