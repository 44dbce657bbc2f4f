import { closeSync, fsync, open as openFile } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * All that is no folder.
 * @param except a folder that is passed over, with all that it holds
 */
export async function* filesBelow(folder: string, except?: string): AsyncIterable<string> {
  for await (const entry of await opendir(folder)) {
    if (entry.name === except) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

/** Makes what a file holds durable. */
export const syncFile = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const openFolder = promisify(openFile);
const syncDescriptor = promisify(fsync);

/** Makes durable which names a folder holds, which is as much as it is a file. */
export const syncFolder = async (folder: string): Promise<void> => {
  const descriptor = await openFolder(folder, 'r');
  try {
    await syncDescriptor(descriptor);
  } finally {
    // Of a folder nothing was written here, so that this cannot wait for the disk; another thread would cost more.
    closeSync(descriptor);
  }
};

/** Size of an open file, which is closed where even that cannot be told: whoever asks has no handle on it yet. */
export const sizeOrClose = async (file: FileHandle): Promise<number> => {
  const { size } = await file.stat().catch(async (cause: unknown) => {
    await file.close();
    throw cause;
  });
  return size;
};
