import type { DatabaseTarget } from '../config/load-config.js';
import { isPostgres, openDatabase } from '../database/data-source.js';
import type { Schema } from '../database/data-source.js';

/** What an extension brought, such as PostGIS its spatial_ref_sys, is nobody's data. */
const tablesOfPostgres = `SELECT c.relname AS name FROM pg_class c
  WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 1`;

const tablesOfSqlite = `SELECT name FROM sqlite_master
  WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1`;

/** The tables there that are not the program's, before it makes its own beside them. */
export const otherTables = async (
  target: DatabaseTarget,
  { entities }: Schema,
): Promise<readonly string[]> => {
  const dataSource = await openDatabase(target, { entities, migrations: [] }, 1);
  try {
    const own = new Set(['migrations', ...dataSource.entityMetadatas.map((e) => e.tableName)]);
    const sql = isPostgres(dataSource) ? tablesOfPostgres : tablesOfSqlite;
    const rows = await dataSource.query<{ readonly name: string }[]>(sql);
    return rows.flatMap(({ name }) => (own.has(name) ? [] : [name]));
  } finally {
    await dataSource.destroy();
  }
};
