import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { TestService } from './service.js';

/** Everything that the database holds, as text: for looking for what must not be there. */
export const databaseDump = async ({ app }: Pick<TestService, 'app'>): Promise<string> => {
  const dataSource = app.get(DataSource);
  const tables = dataSource.entityMetadatas.map(({ tablePath }) => tablePath);
  const rows = await Promise.all(
    tables.map((table) => dataSource.query<unknown[]>(`SELECT * FROM ${table}`)),
  );
  expect(rows.flat().length).toBeGreaterThan(0);
  return JSON.stringify(rows);
};

/** Every byte of every file of a service's folder: what `grep -a` would search. */
export const filesDump = ({ place }: Pick<TestService, 'place'>): string =>
  readdirSync(place.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
