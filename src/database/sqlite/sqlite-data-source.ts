import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { makeFolder } from '../../secrets/make-folder.js';
import type { CommonOptions } from '../common-options.js';
import { DatabaseFile } from './database-file.js';
import { ReserveFile } from './reserve-file.js';
import { serialiseTransactions } from './sqlite-mutex.js';
import { bindNumbers, cacheStatements } from './statement-cache.js';
import { WalSync } from './wal-sync.js';

/** For each connection, before anything else uses it. */
const prepareDatabase = (database: Database): void => {
  // NORMAL in WAL mode may lose committed rows at a power cut, and a 201 promises the row: wal-sync.ts sees to that.
  database.pragma('synchronous = NORMAL');
  database.pragma('busy_timeout = 5000');
  database.pragma('foreign_keys = ON');
  // Deleted rows' bytes are overwritten: deleting is a promise here.
  database.pragma('secure_delete = ON');
  cacheStatements(database);
};

/**
 * Opens an SQLite database, with what TypeORM lacks there: transactions that keep out of each other's way, a durable
 * log, bound numbers (typeorm-internals.spec.ts holds TypeORM to what they rely on). The file and its folder are
 * created where they are missing, for the owner alone.
 */
export const openSqlite = async (path: string, common: CommonOptions): Promise<DataSource> => {
  makeFolder(dirname(path));
  const dataSource = new DataSource({
    ...common,
    type: 'better-sqlite3',
    driver: (await import('better-sqlite3')).default,
    database: path,
    enableWAL: true,
    prepareDatabase,
  });
  const wal = new WalSync(path);
  const file = new DatabaseFile(path);
  files.set(dataSource, file);
  serialiseTransactions(dataSource, ReserveFile.of(path), wal, file);
  bindNumbers(dataSource.driver as BetterSqlite3Driver);
  const destroy = dataSource.destroy.bind(dataSource);
  dataSource.destroy = async () => {
    await wal.close();
    await destroy();
  };
  await dataSource.initialize();
  // From here on sqlite-mutex.ts waits for other processes' locks.
  await dataSource.query('PRAGMA busy_timeout = 0');
  // The first look into it opens the log.
  await dataSource.query('SELECT 1 FROM sqlite_schema LIMIT 1');
  file.remember();
  return dataSource;
};

const files = new WeakMap<DataSource, DatabaseFile>();

/** The file that `openSqlite` has opened. */
export const fileOf = (dataSource: DataSource): DatabaseFile => {
  const file = files.get(dataSource);
  if (!file) throw new Error('not a database that openSqlite has opened');
  return file;
};
