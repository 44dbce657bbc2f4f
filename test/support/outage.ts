import { DataSource } from 'typeorm';
import { Client } from 'pg';
import { isSqlite } from './database.js';
import type { TestService } from './service.js';

/**
 * Takes the database away from a running service: PostgreSQL ends its connections and lets no new ones in, SQLite's
 * one connection is closed.
 * @returns what brings it back; only on PostgreSQL, since a file does not go and come back
 */
export const databaseGone = async (service: TestService): Promise<() => Promise<void>> => {
  if (isSqlite) {
    const { driver } = service.app.get(DataSource);
    (driver as unknown as { databaseConnection: { close(): void } }).databaseConnection.close();
    return () => Promise.resolve();
  }
  const name = new URL(service.place.databaseUrl).pathname.slice(1);
  const onServer = async (...statements: string[]) => {
    const client = new Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  await onServer(
    `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
  );
  return () => onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
};
