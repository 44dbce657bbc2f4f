import type { DataSource } from 'typeorm';
import { isPostgres } from '../../database/data-source.js';
import { Setting } from '../../database/setting.entity.js';
import { fail, ok } from '../finding.js';
import type { Finding } from '../finding.js';

/** What the database says of itself; nothing is migrated. */
export interface DatabaseFacts {
  readonly finding: Finding;
  readonly storeId: string | null;
  readonly hasUsers: boolean | null;
}

/** @param done names of the migrations that ran. @param known those of this program */
export const judgeMigrations = (
  kind: string,
  done: readonly string[],
  known: readonly string[],
): Finding => {
  const ahead = done.filter((name) => !known.includes(name));
  if (ahead.length > 0)
    return fail(
      'database',
      `${kind}: it is newer than this program (${ahead.join(', ')}).`,
      'run the newer version, or restore the backup made before the upgrade.',
    );
  const missing = known.filter((name) => !done.includes(name));
  if (missing.length > 0)
    return fail(
      'database',
      `${kind}: migrations have not run yet (${missing.join(', ')}).`,
      'start the service of this version, or run "logs-collector migrate".',
    );
  return ok('database', `${kind}: it answers, and is up to date.`);
};

/** A second reader beside the service. @param storeIdSetting the setting that names the store */
export const factsOf = async (
  dataSource: DataSource,
  storeIdSetting: string,
): Promise<DatabaseFacts> => {
  const kind = isPostgres(dataSource) ? 'PostgreSQL' : 'SQLite';
  const runner = dataSource.createQueryRunner();
  try {
    const rows = (await runner.hasTable('migrations'))
      ? ((await runner.query('SELECT name FROM migrations')) as { name: string }[])
      : [];
    const known = dataSource.migrations.map(({ name, constructor }) => name ?? constructor.name);
    const finding = judgeMigrations(
      kind,
      rows.map(({ name }) => name),
      known,
    );
    if (finding.level !== 'ok') return { finding, storeId: null, hasUsers: null };
    const storeId = await dataSource.manager.findOneBy(Setting, { name: storeIdSetting });
    const users = (await runner.query('SELECT 1 FROM users LIMIT 1')) as unknown[];
    return { finding, storeId: storeId?.value ?? null, hasUsers: users.length > 0 };
  } finally {
    await runner.release();
  }
};
