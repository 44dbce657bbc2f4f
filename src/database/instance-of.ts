import type { DataSource } from 'typeorm';
import type { DatabaseTarget } from '../config/load-config.js';
import type { Instance } from './instance.js';
import { PostgresInstance } from './postgres/postgres-instance.js';
import { fileOf } from './sqlite/sqlite-data-source.js';
import { SqliteInstance } from './sqlite/sqlite-instance.js';

/** @param keyMark of SECRET_KEY (Keyring.mark) */
export const instanceOf = (
  target: DatabaseTarget,
  dataSource: DataSource,
  keyMark: number,
): Instance =>
  target.kind === 'postgres'
    ? new PostgresInstance(dataSource, keyMark)
    : new SqliteInstance(target.path, fileOf(dataSource));
