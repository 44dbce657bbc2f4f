import type { ClientBase } from 'pg';
import { DataSource } from 'typeorm';
import type { CommonOptions } from '../common-options.js';

const connectTimeoutMs = 5_000;
const statementTimeoutMs = 60_000;

/**
 * Trap: the pool takes its own listener off before it hands a connection out, and TypeORM adds its own a few microtasks
 * later. An `error` in between, such as 57P01 in the packet that made the connection ready, would end the process. Whoever
 * uses the connection hears of it by the next query, which fails as "not queryable".
 */
const listenForErrors = (client: ClientBase): void => {
  client.on('error', () => undefined);
};

/** @param pool most connections at once */
export const openPostgres = async (
  url: string,
  pool: number,
  common: CommonOptions,
): Promise<DataSource> => {
  const dataSource = new DataSource({
    ...common,
    type: 'postgres',
    driver: (await import('pg')).default,
    url,
    poolSize: pool,
    applicationName: 'logs-collector',
    extra: {
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      keepAlive: true,
      onConnect: listenForErrors,
    },
  });
  return dataSource.initialize();
};
