import type { DataSource, DataSourceOptions } from 'typeorm';
import type { DatabaseTarget } from '../config/load-config.js';
import { openPostgres } from './postgres/postgres-data-source.js';
import { openSqlite } from './sqlite/sqlite-data-source.js';

/** Entities and migrations, handed down from schema.ts because imports point down only. */
export interface Schema {
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
}

/**
 * Opens the database. Its driver is passed to TypeORM instead of being found by its name, since the image's bundle has
 * no node_modules to search; and only the one that is used is loaded.
 */
export const openDatabase = (
  target: DatabaseTarget,
  schema: Schema,
  pool: number,
): Promise<DataSource> => {
  const common = { ...schema, logging: false, migrationsTableName: 'migrations' } as const;
  return target.kind === 'postgres'
    ? openPostgres(target.url, pool, common)
    : openSqlite(target.path, common);
};

export const isPostgres = (dataSource: DataSource): boolean =>
  dataSource.options.type === 'postgres';
