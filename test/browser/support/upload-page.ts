import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const picked = (
  name: string,
  buffer: Buffer,
): { readonly name: string; readonly mimeType: string; readonly buffer: Buffer } => ({
  name,
  mimeType: 'application/octet-stream',
  buffer,
});

export const choose = (page: Page): Locator => page.getByLabel('Choose files');
export const receipt = (page: Page): Locator => page.getByRole('region', { name: 'Receipt' });
export const under = (page: Page): Locator => page.getByRole('region', { name: 'Files under way' });

/** A real file, which is the same one when it is chosen again. */
export const onDisk = async (
  name: string,
  bytes: Buffer,
  work: (path: string) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-collector-upload-'));
  try {
    writeFileSync(join(folder, name), bytes);
    await work(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
};
