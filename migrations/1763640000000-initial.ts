import type { MigrationInterface, QueryRunner, Table } from 'typeorm';
import { accountTables } from './1763640000000-accounts.js';
import { appendOnly, dropAppendOnly } from './1763640000000-append-only.js';
import { archiveTables } from './1763640000000-archives.js';

/**
 * Written with the Table API and portable types alone, every key and index named, so that one file serves both
 * databases and leaves no difference between them and the entities (test/dialect/database.test.ts).
 */
export class Initial1763640000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables(runner)) await runner.createTable(table);
    for (const statement of appendOnly(isPostgres(runner))) await runner.query(statement);
  }

  /** The triggers go with their table. */
  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables(runner).reverse()) await runner.dropTable(table);
    if (isPostgres(runner)) await runner.query(dropAppendOnly);
  }
}

const tables = (runner: QueryRunner): Table[] => [
  ...accountTables(isPostgres(runner)),
  ...archiveTables(isPostgres(runner)),
];

const isPostgres = (runner: QueryRunner): boolean => runner.dataSource.options.type === 'postgres';
