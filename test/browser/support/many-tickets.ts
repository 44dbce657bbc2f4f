import Database from 'better-sqlite3';
import { v7 } from 'uuid';

export const howMany = 100_000;
const minuteMs = 60_000;

const notes = [
  'Restore fails after the update: "checksum mismatch in catalogue"',
  'Nightly job hangs at 98 %, customer restarted the agent twice',
  'Резервное копирование останавливается на третьем томе',
  '',
];

/** Number of the n-th ticket, counted from the oldest. */
export const numberOf = (index: number): string => `MANY-${String(index).padStart(6, '0')}`;

/**
 * As many tickets as some years of a large desk leave behind, one each three minutes until now, on two platforms; every
 * hundredth has an archive's filename. By SQL, in one transaction: over HTTP it would take an hour.
 */
export const fillWithTickets = (path: string): void => {
  const database = new Database(path);
  const now = Date.now();
  const platforms = ['many-one', 'many-two'].map((name) => {
    const id = v7();
    database
      .prepare(
        `INSERT INTO platforms (id, name, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?)`,
      )
      .run(id, name, `Product ${name}`, now, now);
    return id;
  });
  const insert = database.prepare(
    `INSERT INTO tickets (id, number, platform_id, note, search, filenames, filenames_search, resolved, created_by,
       archive_count, archive_bytes, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'ann', ?, ?, ?, ?)`,
  );
  const fill = database.transaction(() => {
    for (let index = 0; index < howMany; index += 1) {
      const at = now - (howMany - index) * 3 * minuteMs;
      const number = numberOf(index);
      const note = notes[index % notes.length] ?? '';
      const has = index % 100 === 0;
      const names = has ? `Diagnostics-of-${index}.TGZ\n` : '';
      const search = `${number}\n${note}`.normalize('NFC').toLowerCase();
      const searched = [search, names, names.toLowerCase()];
      const platform = platforms[index % 2];
      const counts = has ? [1, 12_345_678] : [0, 0];
      const resolved = index % 3 === 0 ? 1 : 0;
      insert.run(
        v7({ msecs: at }),
        number,
        platform,
        note,
        ...searched,
        resolved,
        ...counts,
        at,
        at,
      );
    }
  });
  fill();
  database.close();
};
