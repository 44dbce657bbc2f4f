import { DataSource } from 'typeorm';
import type { CommonOptions } from '../common-options.js';

const connectTimeoutMs = 5_000;
const statementTimeoutMs = 60_000;

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
    },
  });
  return dataSource.initialize();
};
