import type { EntityManager } from 'typeorm';
import { isPostgres } from '../database/data-source.js';
import type { Cell } from './backup.policy.js';

/** What a restore and a copy do alike with the database that they fill. */

/** Below what both databases take in one statement. */
export const mostParameters = 10_000;

/** What a service writes into an empty database by itself; what is filled in takes its place. */
export const ownTables: readonly string[] = ['settings', 'periodic_work'];

/** Those of these tables that hold more than a service writes by itself. */
export const usedTables = async (
  manager: EntityManager,
  tables: readonly string[],
): Promise<readonly string[]> => {
  const used: string[] = [];
  for (const table of tables)
    if (!ownTables.includes(table)) {
      const sql = `SELECT 1 FROM ${manager.dataSource.driver.escape(table)} LIMIT 1`;
      if ((await manager.query<unknown[]>(sql)).length > 0) used.push(table);
    }
  return used;
};

/** For a transaction that takes longer than a request's usual time, and waits for a disk or another database. */
export const withoutTimeout = async (tx: EntityManager): Promise<void> => {
  if (!isPostgres(tx.dataSource)) return;
  await tx.query('SET LOCAL statement_timeout = 0');
  await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0');
};

interface Columns {
  readonly table: string;
  readonly columns: readonly string[];
}

/** @param rows of `mostParameters` values at most, in the order of the columns, as `portable` gives them */
export const insertRows = async (
  tx: EntityManager,
  into: Columns,
  rows: readonly (readonly Cell[])[],
): Promise<void> => {
  if (rows.length > 0) await tx.query(...inserting(tx, into, rows));
};

const inserting = (
  tx: EntityManager,
  { table, columns }: Columns,
  rows: readonly (readonly Cell[])[],
): [string, unknown[]] => {
  const { driver } = tx.dataSource;
  const name = driver.escape(table);
  const names = columns.map((column) => driver.escape(column)).join(', ');
  const start = `INSERT INTO ${name} (${names})`;
  if (isPostgres(tx.dataSource)) {
    // One text in place of thousands of parameters: it takes the server a third of the time.
    const records = rows.map((row) =>
      Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])),
    );
    return [
      `${start} SELECT ${names} FROM json_populate_recordset(NULL::${name}, $1)`,
      [JSON.stringify(records)],
    ];
  }
  const places = `(${columns.map(() => '?').join(', ')})`;
  return [
    `${start} VALUES ${rows.map(() => places).join(', ')}`,
    rows.flatMap((row) => row.map((value) => (typeof value === 'boolean' ? Number(value) : value))),
  ];
};
