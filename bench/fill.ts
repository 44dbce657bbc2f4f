import type { DataSource, EntityManager } from 'typeorm';
import { openDatabase } from '../src/database/data-source.js';
import { schema } from '../src/schema.js';
import type { databaseTarget } from '../src/config/load-config.js';

type Row = Readonly<Record<string, string | number | boolean | null>>;

const rowsAtOnce = 1_000;
/** Of a transaction: each ends with a sync. */
const rowsTogether = 50_000;
const archivesOfTicket = 3;
const beganAt = Date.UTC(2026, 0, 1);

/** Ids in the order of their making, as the program's own are (UUIDv7). @param at below 2^48 */
const idAt = (kind: string, at: number): string => {
  const time = (beganAt + at).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${kind}-8000-${at.toString(16).padStart(12, '0')}`;
};

const literal = (value: Row[string]): string =>
  typeof value === 'string' ? `'${value}'` : value === null ? 'NULL' : String(value);

/** As literals: whoever binds a million rows times twenty columns measures the driver. */
const insert = (
  database: DataSource | EntityManager,
  table: string,
  rows: readonly Row[],
): Promise<unknown> =>
  database.query(
    `INSERT INTO ${table} (${Object.keys(rows[0] ?? {}).join(', ')}) VALUES ${rows
      .map((row) => `(${Object.values(row).map(literal).join(', ')})`)
      .join(', ')}`,
  );

const fillTable = async (
  database: DataSource,
  table: string,
  count: number,
  rowAt: (at: number) => Row,
): Promise<void> => {
  const rowsFrom = (first: number, rows: number): Row[] =>
    Array.from({ length: Math.min(rows, count - first) }, (_, at) => rowAt(first + at));
  for (let begin = 0; begin < count; begin += rowsTogether)
    await database.transaction(async (tx) => {
      const end = Math.min(count, begin + rowsTogether);
      for (let at = begin; at < end; at += rowsAtOnce)
        await insert(tx, table, rowsFrom(at, rowsAtOnce));
    });
};

/**
 * Fills the database of a service that is not running with tickets and three archives each, without any bytes.
 * Half of the tickets are the platform's; the other half is another one's.
 */
export const fill = async (
  target: ReturnType<typeof databaseTarget>,
  tickets: number,
): Promise<void> => {
  const database = await openDatabase(target, schema, 2);
  try {
    const now = Date.now();
    const platforms = ['000', '001'].map((_, at) => idAt('aaa', at));
    await insert(
      database,
      'platforms',
      platforms.map((id, at) => ({
        ...{ id, name: `filled-${at}`, title: 'Filled', archive_count: 0, archive_bytes: 0 },
        ...{ created_at: now, updated_at: now },
      })),
    );
    const platformOf = (ticket: number): string => platforms[ticket % 2] ?? '';
    await fillTable(database, 'tickets', tickets, (at) => ({
      id: idAt('bbb', at),
      number: `FILLED-${at}`,
      platform_id: platformOf(at),
      note: '',
      search: `filled-${at}`,
      filenames: 'logs.tgz',
      filenames_search: 'logs.tgz',
      resolved: at % 3 === 0,
      created_by: 'bench',
      archive_count: archivesOfTicket,
      archive_bytes: archivesOfTicket * 1024,
      created_at: beganAt + at,
      updated_at: beganAt + at,
    }));
    const token = idAt('ccc', 0);
    await insert(database, 'upload_tokens', [
      {
        ...{ id: token, ticket_id: idAt('bbb', 0), hash: '0'.repeat(64), attempts_left: 0 },
        ...{ failures: 0, expires_at: now, revoked_at: null, created_by: 'bench', created_at: now },
      },
    ]);
    await fillTable(database, 'archives', archivesOfTicket * tickets, (at) => ({
      id: idAt('ddd', at),
      ticket_id: idAt('bbb', Math.floor(at / archivesOfTicket)),
      platform_id: platformOf(Math.floor(at / archivesOfTicket)),
      token_id: token,
      filename: 'logs.tgz',
      search: 'logs.tgz',
      size: 1024,
      sha256: '0'.repeat(64),
      state: 'stored',
      uploaded_at: beganAt + at,
    }));
    await database.query('ANALYZE');
  } finally {
    await database.destroy();
  }
};
