import type { EntityMetadata } from 'typeorm';

/**
 * What a backup keeps of each table. A test asks that every table of the schema stands in either list, so that whoever
 * adds one decides.
 */
export const keptTables = [
  'settings',
  'users',
  'passkeys',
  'recovery_codes',
  'api_keys',
  'platforms',
  'tickets',
  'upload_tokens',
  'attempts',
  'archives',
  'blobs',
  'digest_claims',
  'audit_events',
  // What was owed to an archive still is; a job may run twice in any case.
  'jobs',
] as const;

/** Left out, because after a restore none of these may come alive again; and why. */
export const leftTables = {
  sessions: 'one that ended after the backup would be open again: everybody signs in anew',
  download_links: 'a link that was used since could be used again; they live five minutes',
  uploads: 'their bytes are not in the backup: settled as after a crash (settling.policy.ts)',
  tombstones: 'the bytes that they want removed are in no restored storage',
  auth_failures: 'waits of minutes, long over; and named by codes of the old SECRET_KEY',
  source_windows: 'minutes, long over; and named by codes of the old SECRET_KEY',
  passkey_challenges: 'each belongs to a session or a sign-in that is gone',
  periodic_work: 'when work by the clock is due is known again after its first turn',
} as const;

export const isKept = (table: string): boolean => !Object.hasOwn(leftTables, table);

/** Parents come before those who refer to them, else alphabetically: the order in which rows may be inserted. */
export const parentsFirst = (
  tables: readonly { readonly name: string; readonly parents: readonly string[] }[],
): readonly string[] => {
  const parentsOf = new Map(tables.map(({ name, parents }) => [name, parents]));
  const ordered = new Set<string>();
  const add = (name: string): void => {
    if (ordered.has(name) || !parentsOf.has(name)) return;
    for (const parent of parentsOf.get(name) ?? []) if (parent !== name) add(parent);
    ordered.add(name);
  };
  for (const name of [...parentsOf.keys()].sort()) add(name);
  return [...ordered];
};

/** What both databases can say and JSON can carry. */
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

/** A column's value as the databases give it: PostgreSQL has bigint as text, SQLite boolean as 0 and 1. */
export const portable = (type: string, value: Cell | undefined): Cell => {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'boolean':
      return Boolean(value);
    case 'integer':
    case 'bigint':
      return Number(value);
    default:
      return String(value);
  }
};

/** A table as an export needs it. */
export interface TableShape {
  readonly name: string;
  /** Its one primary key. */
  readonly key: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** All tables, in the order of their insertion. */
export const allShapes = (entities: readonly EntityMetadata[]): readonly TableShape[] => {
  const named = new Map(entities.map((entity) => [entity.tableName, entity]));
  const order = parentsFirst(
    entities.map(({ tableName, foreignKeys }) => ({
      name: tableName,
      parents: foreignKeys.map(
        ({ referencedEntityMetadata }) => referencedEntityMetadata.tableName,
      ),
    })),
  );
  return order.map((name) => {
    const entity = named.get(name);
    const [key] = entity?.primaryColumns ?? [];
    if (!entity || !key) throw new TypeError(`${name} has no primary key`);
    return {
      name,
      key: key.databaseName,
      columns: entity.columns.map((column) => ({
        name: column.databaseName,
        type: entity.dataSource.driver.normalizeType(column),
      })),
    };
  });
};

/** The tables that a backup keeps, in the order of their insertion. */
export const keptShapes = (entities: readonly EntityMetadata[]): readonly TableShape[] =>
  allShapes(entities).filter(({ name }) => isKept(name));

const namePattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;
export const isSnapshotName = (name: string): boolean => namePattern.test(name);

/** The moment, as a file may be called. A clock that went back never makes a name older than the newest. */
export const snapshotName = (now: Date, newest: string | undefined): string => {
  const at = (ms: number): string => new Date(ms).toISOString().replaceAll(':', '-');
  const name = at(now.getTime());
  if (newest === undefined || name > newest) return name;
  const [day = '', time = ''] = newest.split('T');
  return at(Date.parse(`${day}T${time.replaceAll('-', ':')}`) + 1);
};
