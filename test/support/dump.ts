import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { Place } from './database.js';
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

/** Everything that the database of a place holds, as text, also while a service of its own process runs on it. */
export const placeDump = async ({ target }: Pick<Place, 'target'>): Promise<string> => {
  const dataSource = new DataSource(
    target.kind === 'sqlite'
      ? { type: 'better-sqlite3', database: target.path, readonly: true }
      : { type: 'postgres', url: target.url },
  );
  await dataSource.initialize();
  try {
    const names = await dataSource.query<{ name: string }[]>(
      target.kind === 'sqlite'
        ? "SELECT name FROM sqlite_master WHERE type = 'table'"
        : "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    expect(names.length).toBeGreaterThan(15);
    const dumped = names.map(async ({ name }) => [
      name,
      await dataSource.query<unknown[]>(`SELECT * FROM "${name}"`),
    ]);
    return JSON.stringify(await Promise.all(dumped));
  } finally {
    await dataSource.destroy();
  }
};
