import type { Written } from './durable-file.js';

/** Of the folder's layout; a later program may read earlier ones. */
export const formatVersion = 1;

export const rowsFile = 'rows.jsonl.gz';
/** As `sha256sum` prints it, with names below `archives/`. */
export const listFile = 'archives.sha256';
export const keyFile = 'secret.key';
export const manifestFile = 'manifest.json';

/** What a snapshot is. It is whole as soon as, and only if, its manifest is there. */
export interface Manifest {
  readonly format: number;
  /** Version of the program that made it. */
  readonly program: string;
  readonly madeAt: string;
  /** Of the database, oldest first. */
  readonly migrations: readonly string[];
  readonly rows: Written & { readonly tables: Readonly<Record<string, number>> };
  readonly list: Written;
  /** The bytes are those of all blobs. */
  readonly archives: { readonly count: number; readonly bytes: number };
  /** Keys of blobs whose bytes the storage no longer had and no earlier backup has: rows without a file. */
  readonly damaged: readonly string[];
  readonly secretKey: { readonly included: boolean; readonly proof: string };
}

const isRecord = (thing: unknown): thing is Readonly<Record<string, unknown>> =>
  typeof thing === 'object' && thing !== null;

const isWritten = (thing: unknown): boolean =>
  isRecord(thing) && typeof thing['size'] === 'number' && typeof thing['sha256'] === 'string';

/** @returns null where the text is no manifest of this format; a newer format is one */
export const parseManifest = (text: string): Manifest | null => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(parsed) || typeof parsed['format'] !== 'number') return null;
  // What a later one looks like is not known here, but that it is one.
  if (parsed['format'] > formatVersion) return parsed as unknown as Manifest;
  const { rows, list, archives, secretKey, migrations, damaged } = parsed;
  const isWhole =
    isWritten(rows) &&
    isRecord((rows as Manifest['rows']).tables) &&
    isWritten(list) &&
    isRecord(archives) &&
    typeof archives['count'] === 'number' &&
    isRecord(secretKey) &&
    Array.isArray(migrations) &&
    Array.isArray(damaged);
  return isWhole ? (parsed as unknown as Manifest) : null;
};
