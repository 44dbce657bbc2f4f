import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterFile } from './cleaning.js';

/** Gone when the file's tests are over. */
export const tempFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-collector-test-'));
  afterFile(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
