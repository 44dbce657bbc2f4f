import type { Database, Statement } from 'better-sqlite3';
import type { ObjectLiteral } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { bindable } from './run-statement.js';

/** More than the program has texts, but for lists of varying length. */
const mostStatements = 200;

/**
 * Keeps a connection's compiled statements by their text, the oldest go. TypeORM keeps them for each query runner, and
 * here each caller has a runner of its own (sqlite-mutex.ts): it would compile every statement anew.
 */
export const cacheStatements = (database: Pick<Database, 'prepare'>): void => {
  const prepare = database.prepare.bind(database) as (text: string) => Statement;
  const cache = new Map<string, Statement>();
  database.prepare = ((text: string) => {
    const known = cache.get(text);
    if (known) return known;
    const statement = prepare(text);
    cache.set(text, statement);
    const [oldest] = cache.keys();
    if (cache.size > mostStatements && oldest !== undefined) cache.delete(oldest);
    return statement;
  }) as Database['prepare'];
};

/** TypeORM writes numbers into SQLite's statements as text, and each time or size makes another statement of the same. Here they are bound. */
export const bindNumbers = (driver: BetterSqlite3Driver): void => {
  const escape = driver.escapeQueryWithParameters.bind(driver);
  driver.escapeQueryWithParameters = (query: string, parameters: ObjectLiteral) =>
    escape(
      query,
      Object.fromEntries(
        Object.entries(parameters).map(([name, value]: [string, unknown]) => [
          name,
          bindable(value),
        ]),
      ),
    );
};
