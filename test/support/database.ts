import { join } from 'node:path';
import { Client } from 'pg';
import type { DatabaseTarget } from '../../src/config/load-config.js';
import { afterFile } from './cleaning.js';
import { tempFolder } from './temp-folder.js';

/** Set by jest.config.js: which of the two databases this run is about. */
declare const testDatabase: 'sqlite' | 'postgres';

export const isSqlite = testDatabase === 'sqlite';

/** Where one service keeps everything: give it to a second service to see what a restart finds. */
export interface Place {
  /** A temporary folder. */
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly target: DatabaseTarget;
}

const onServer = async (statement: string): Promise<void> => {
  const client = new Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

let count = 0;

const freshPostgres = async (): Promise<string> => {
  const name = `logs_collector_test_${process.pid}_${Date.now()}_${(count += 1)}`;
  await onServer(`CREATE DATABASE ${name}`);
  // FORCE, because a process that a test killed may still be connected.
  afterFile(() => onServer(`DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(process.env['TEST_POSTGRES_URL'] ?? '');
  url.pathname = `/${name}`;
  return url.href;
};

/** A database file of that folder; there is none yet. */
export const sqlitePlace = (dataDir = tempFolder()): Place => {
  const path = join(dataDir, 'logs-collector.sqlite');
  return { dataDir, databaseUrl: `sqlite:${path}`, target: { kind: 'sqlite', path } };
};

/** An empty database on the server that the project 'postgres' has. */
export const postgresPlace = async (dataDir = tempFolder()): Promise<Place> => {
  const url = await freshPostgres();
  return { dataDir, databaseUrl: url, target: { kind: 'postgres', url } };
};

/** An empty folder and an empty database, both gone when the file's tests are over. */
export const freshPlace = async (): Promise<Place> => (isSqlite ? sqlitePlace() : postgresPlace());
