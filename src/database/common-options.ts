import type { DataSourceOptions } from 'typeorm';

/** What TypeORM is told of either database. */
export type CommonOptions = Pick<
  DataSourceOptions,
  'entities' | 'migrations' | 'logging' | 'migrationsTableName'
>;
