import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { createGzip } from 'node:zlib';
import type { Row } from './backup.policy.js';
import { writeDurably } from './durable-file.js';
import { cell, packedRows, unpackedRows } from './rows-file.js';
import type { PackedRow } from './rows-file.js';

const path = join(tmpdir(), `rows-${randomUUID()}`);
afterAll(() => rmSync(path, { force: true }));

async function* batches(...rows: readonly (readonly Row[])[]) {
  for (const batch of rows) yield await Promise.resolve(batch);
}

it('rows come out of the file as they went in, whatever stands in them', async () => {
  const notes = ['', 'a\nb\r\nc\rd', '\u2028\u2029\u0085', '"\\', 'логи 🗜️', '{"table": "users"}'];
  const counts = new Map<string, number>();
  const tables = [
    { name: 'empty', columns: ['id'], rows: batches([]) },
    {
      name: 'tickets',
      columns: ['id', 'note', 'resolved', 'size'],
      rows: batches(
        notes.map((note, id) => ({ id, note, resolved: id % 2 === 0, size: null })),
        [{ id: 99, note: 'x'.repeat(200_000), resolved: true, size: 2 ** 50 }],
      ),
    },
  ];
  await writeDurably(path, packedRows(tables, counts), { through: createGzip() });
  expect(Object.fromEntries(counts)).toEqual({ empty: 0, tickets: 7 });

  const read: PackedRow[] = [];
  for await (const row of unpackedRows(path)) read.push(row);
  expect(read.map((row) => cell(row, 'note'))).toEqual([...notes, 'x'.repeat(200_000)]);
  expect(read[1]).toEqual({
    table: 'tickets',
    columns: ['id', 'note', 'resolved', 'size'],
    values: [1, notes[1], false, null],
  });
  expect(read[6]?.values.slice(2)).toEqual([true, 2 ** 50]);
});
