import { MigrationExecutor } from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import { isPostgres } from './data-source.js';

/** The database was written by a newer program; running on it could lose what it does not know. */
export class DatabaseNewer extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `The database is newer than this program (it has ${unknown.join(', ')}); start the newer version, or restore a backup made before the upgrade`,
    );
    this.name = 'DatabaseNewer';
  }
}

/** The database server is older than what is supported. */
export class DatabaseTooOld extends Error {
  constructor(version: string) {
    super(`PostgreSQL 15 or later is needed; DATABASE_URL leads to ${version}`);
    this.name = 'DatabaseTooOld';
  }
}

/** Any number: it names the advisory lock under which replicas migrate one after the other. */
const migrationLock = 7_205_911;

const known = (dataSource: DataSource): readonly string[] =>
  dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);

const refuseNewer = async (dataSource: DataSource, runner: QueryRunner): Promise<void> => {
  if (!(await runner.hasTable('migrations'))) return;
  const rows = (await runner.query('SELECT name FROM migrations ORDER BY timestamp')) as {
    name: string;
  }[];
  const unknown = rows.map(({ name }) => name).filter((name) => !known(dataSource).includes(name));
  if (unknown.length > 0) throw new DatabaseNewer(unknown);
};

const refuseOld = async (runner: QueryRunner): Promise<void> => {
  const [row] = (await runner.query('SHOW server_version_num')) as { server_version_num: string }[];
  const version = Number(row?.server_version_num);
  if (version < 150_000) throw new DatabaseTooOld(String(Math.floor(version / 10_000)));
};

/** In one transaction, which is what keeps a service and a command that start at once apart. */
const migrateSqlite = async (dataSource: DataSource): Promise<readonly string[]> => {
  const runner = dataSource.createQueryRunner();
  // SQLite heeds this outside of a transaction alone: a table that is rebuilt must not drop its rows' dependants.
  await runner.beforeMigration();
  try {
    await runner.startTransaction();
    await refuseNewer(dataSource, runner);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'all';
    const ran = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return ran.map(({ name }) => name);
  } catch (cause) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw cause;
  } finally {
    await runner.afterMigration();
  }
};

/**
 * Brings the schema up to this program's and returns the names of the migrations that ran.
 * Who starts at the same time waits.
 * @throws DatabaseNewer, DatabaseTooOld
 */
export const migrate = async (dataSource: DataSource): Promise<readonly string[]> => {
  if (!isPostgres(dataSource)) return migrateSqlite(dataSource);
  const lock = dataSource.createQueryRunner();
  try {
    await refuseOld(lock);
    // Neither the waiting nor a migration of a large table ends after a statement's usual time.
    await lock.query('SET statement_timeout = 0');
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await refuseNewer(dataSource, lock);
    const executor = new MigrationExecutor(dataSource, lock);
    executor.transaction = 'each';
    return (await executor.executePendingMigrations()).map(({ name }) => name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await lock.query('RESET statement_timeout').catch(() => undefined);
    await lock.release();
  }
};
