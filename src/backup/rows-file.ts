import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import type { Cell, Row } from './backup.policy.js';

/**
 * Rows as lines of JSON, compressed: a table's line `{"table": "users", "columns": ["id", …]}`, then its rows as
 * arrays in the order of its columns. Neither end ever holds more than some rows.
 */
export interface TableRows {
  readonly name: string;
  readonly columns: readonly string[];
  /** In batches. */
  readonly rows: AsyncIterable<readonly Row[]>;
}

/** @param counts is told how many rows each table has */
export async function* packedRows(
  tables: Iterable<TableRows>,
  counts: Map<string, number>,
): AsyncIterable<string> {
  for (const { name, columns, rows } of tables) {
    yield `${JSON.stringify({ table: name, columns })}\n`;
    let count = 0;
    for await (const batch of rows) {
      count += batch.length;
      // Trap: a stream that is made of an iterable stands still at an empty text.
      if (batch.length === 0) continue;
      yield batch
        .map((row) => `${JSON.stringify(columns.map((column) => row[column] ?? null))}\n`)
        .join('');
    }
    counts.set(name, count);
  }
}

/** Lines by their line feed alone. Trap: node:readline also breaks at U+2028, which may stand in any ticket's note. */
async function* lines(source: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of source) {
    const parts = (rest + decoder.write(chunk)).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}

export interface PackedRow {
  readonly table: string;
  readonly columns: readonly string[];
  readonly values: readonly Cell[];
}

/** The rows of a file that `packedRows` made, whose hash was looked at before. */
export async function* unpackedRows(path: string): AsyncIterable<PackedRow> {
  const unzipped = createGunzip();
  // What goes wrong is thrown below, where it is read; whoever reads no further closes the file.
  pipeline(createReadStream(path), unzipped, () => undefined);
  let table = '';
  let columns: readonly string[] = [];
  for await (const line of lines(unzipped)) {
    const parsed = JSON.parse(line) as
      Cell[] | { readonly table: string; readonly columns: readonly string[] };
    if ('table' in parsed) ({ table, columns } = parsed);
    else yield { table, columns, values: parsed };
  }
}

/** The cell of a named column. */
export const cell = ({ columns, values }: PackedRow, column: string): Cell =>
  values[columns.indexOf(column)] ?? null;
