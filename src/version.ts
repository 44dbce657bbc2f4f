import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** package.json stands one folder above the sources and two above the built files. */
const read = (folder: string): string | null => {
  try {
    return readFileSync(join(folder, 'package.json'), 'utf8');
  } catch {
    return null;
  }
};

export const version = (
  JSON.parse(read(join(__dirname, '..')) ?? read(join(__dirname, '../..')) ?? '{}') as {
    version: string;
  }
).version;
