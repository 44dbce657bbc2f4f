import type { DataSource, QueryRunner } from 'typeorm';
import { databaseTarget } from '../config/load-config.js';
import type { Config } from '../config/config.js';
import { isPostgres, openDatabase } from '../database/data-source.js';
import { BlobRecord } from '../storage/blobs/blob-record.entity.js';
import { allShapes, keptShapes, portable } from './backup.policy.js';
import type { Cell, Row, TableShape } from './backup.policy.js';

const pageSize = 500;

/** Those whose bytes should be there, the newest first: they may still be missing, and may soon be deleted. */
export async function* blobsOf(
  dataSource: DataSource,
  runner?: QueryRunner,
): AsyncIterable<BlobRecord> {
  let before: string | null = null;
  for (;;) {
    const page = dataSource
      .createQueryBuilder(BlobRecord, 'blob', runner)
      .where("blob.state <> 'coming'")
      .orderBy('blob.key', 'DESC')
      .limit(pageSize);
    if (before !== null) page.andWhere('blob.key < :before', { before });
    const found: BlobRecord[] = await page.getMany();
    yield* found;
    const last = found.at(-1);
    if (!last) return;
    before = last.key;
  }
}

/**
 * One look at the database: whatever is written meanwhile, it shows one moment. Writers do not wait for it. The same
 * for both databases, and so is what is written of it: pg_dump would be a second format, made of another look, that
 * refuses a server newer than itself, is missing in most containers, and restores into PostgreSQL alone.
 */
export class DatabaseSnapshot {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: QueryRunner,
  ) {}

  blobs(): AsyncIterable<BlobRecord> {
    return blobsOf(this.dataSource, this.runner);
  }

  /** Those that a backup keeps. */
  get tables(): readonly TableShape[] {
    return keptShapes(this.dataSource.entityMetadatas);
  }

  get allTables(): readonly TableShape[] {
    return allShapes(this.dataSource.entityMetadatas);
  }

  async migrations(): Promise<readonly string[]> {
    const rows = (await this.runner.query('SELECT name FROM migrations ORDER BY timestamp')) as {
      readonly name: string;
    }[];
    return rows.map(({ name }) => name);
  }

  /** Rows of a table whose columns are named as the database names them, in batches, by the order of the key. */
  async *rows({ name, key, columns }: TableShape): AsyncIterable<readonly Row[]> {
    const { driver } = this.dataSource;
    const [table, by] = [driver.escape(name), driver.escape(key)];
    const selected = columns.map((column) => driver.escape(column.name)).join(', ');
    const after = `WHERE ${by} > ${driver.createParameter('after', 0)}`;
    let last: Cell = null;
    for (;;) {
      const found = (await this.runner.query(
        `SELECT ${selected} FROM ${table} ${last === null ? '' : after} ORDER BY ${by} LIMIT ${pageSize}`,
        last === null ? [] : [last],
      )) as Row[];
      if (found.length === 0) return;
      last = found.at(-1)?.[key] ?? null;
      yield found.map((row) =>
        Object.fromEntries(
          columns.map((column) => [column.name, portable(column.type, row[column.name])]),
        ),
      );
    }
  }

  /** All rows of a table that never has many. */
  async allOf(table: string): Promise<readonly Row[]> {
    const entity = this.dataSource.getMetadata(table);
    const columns = entity.columns.map((column) => ({
      name: column.databaseName,
      type: this.dataSource.driver.normalizeType(column),
    }));
    const all: Row[] = [];
    for await (const batch of this.rows({ name: table, key: 'id', columns })) all.push(...batch);
    return all;
  }
}

/** Looks through a connection of its own: on SQLite a transaction owns the one that everybody else uses. */
export const withSnapshots = async <Result>(
  config: Config,
  entities: DataSource['options']['entities'],
  work: (
    look: <R>(at: (snapshot: DatabaseSnapshot) => Promise<R>) => Promise<R>,
  ) => Promise<Result>,
): Promise<Result> => {
  const schema = { entities: entities ?? [], migrations: [] };
  const dataSource = await openDatabase(databaseTarget(config), schema, 1);
  try {
    return await work(async (at) => {
      const runner = dataSource.createQueryRunner();
      try {
        await begin(dataSource, runner);
        return await at(new DatabaseSnapshot(dataSource, runner));
      } finally {
        await runner.query('ROLLBACK').catch(() => undefined);
        await runner.release();
      }
    });
  } finally {
    await dataSource.destroy();
  }
};

const begin = async (dataSource: DataSource, runner: QueryRunner): Promise<void> => {
  if (!isPostgres(dataSource)) {
    // Deferred: it takes no lock for writing. In WAL the first statement after it decides what all of them see.
    await runner.query('BEGIN DEFERRED');
    return;
  }
  await runner.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // An archive that is being copied may take longer than a request's usual time.
  await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
  await runner.query('SET LOCAL statement_timeout = 0');
};
