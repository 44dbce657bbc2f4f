import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import type { DatabaseTarget } from '../config/load-config.js';
import { makeFolder } from '../secrets/make-folder.js';
import { ReserveFile } from './sqlite/reserve-file.js';
import { bindNumbers, cacheStatements } from './sqlite/statement-cache.js';
import { serialiseTransactions } from './sqlite/sqlite-mutex.js';
import { WalSync } from './sqlite/wal-sync.js';

/** Entities and migrations, handed down from schema.ts because imports point down only. */
export interface Schema {
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
}

const connectTimeoutMs = 5_000;
const statementTimeoutMs = 60_000;

/**
 * The driver is given, not left to be found by its name, since the image's bundle has no node_modules to look in; and only
 * the one that is used is loaded.
 */
const options = async (
  target: DatabaseTarget,
  schema: Schema,
  pool: number,
): Promise<DataSourceOptions> => {
  const common = { ...schema, logging: false, migrationsTableName: 'migrations' } as const;
  if (target.kind === 'postgres')
    return {
      ...common,
      type: 'postgres',
      driver: (await import('pg')).default,
      url: target.url,
      poolSize: pool,
      applicationName: 'logs-collector',
      extra: {
        connectionTimeoutMillis: connectTimeoutMs,
        statement_timeout: statementTimeoutMs,
        idle_in_transaction_session_timeout: statementTimeoutMs,
        keepAlive: true,
      },
    };
  return {
    ...common,
    type: 'better-sqlite3',
    driver: (await import('better-sqlite3')).default,
    database: target.path,
    enableWAL: true,
    prepareDatabase: (database: Database) => {
      // NORMAL in WAL mode may lose committed rows at a power cut, and a 201 promises the row: wal-sync.ts sees to that.
      database.pragma('synchronous = NORMAL');
      database.pragma('busy_timeout = 5000');
      database.pragma('foreign_keys = ON');
      // Deleted rows' bytes are overwritten: deleting is a promise here.
      database.pragma('secure_delete = ON');
      cacheStatements(database);
    },
  };
};

/** Opens the database. SQLite's file and folder are made where they are missing, for the owner alone. */
export const openDatabase = async (
  target: DatabaseTarget,
  schema: Schema,
  pool: number,
): Promise<DataSource> => {
  if (target.kind === 'sqlite') makeFolder(dirname(target.path));
  const dataSource = new DataSource(await options(target, schema, pool));
  if (target.kind === 'sqlite') {
    const wal = new WalSync(target.path);
    serialiseTransactions(dataSource, ReserveFile.of(target.path), wal);
    bindNumbers(dataSource.driver as BetterSqlite3Driver);
    const destroy = dataSource.destroy.bind(dataSource);
    dataSource.destroy = async () => {
      await wal.close();
      await destroy();
    };
  }
  await dataSource.initialize();
  // From here on sqlite-mutex.ts waits for other processes' locks.
  if (target.kind === 'sqlite') await dataSource.query('PRAGMA busy_timeout = 0');
  return dataSource;
};

export const isPostgres = (dataSource: DataSource): boolean =>
  dataSource.options.type === 'postgres';
