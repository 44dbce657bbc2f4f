import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { newId, newSecretKey } from './secrets.js';

/** A key that was cut short would sign and seal with what anybody can guess. */
const leastLength = 32;

/** The file holds no key; said to the operator, and stops the start. */
export class SecretKeyDamaged extends Error {
  constructor(path: string) {
    super(
      `${path} holds less than ${leastLength} characters; put the right key back, or delete the file to have a new one made (second factors must then be enrolled anew)`,
    );
    this.name = 'SecretKeyDamaged';
  }
}

/** What the system refuses to do in the folder; said to the operator, and stops the start. */
export class DataFolderUnusable extends Error {
  constructor(folder: string, cause: Error) {
    super(
      `DATA_DIR holds ${JSON.stringify(folder)}, which cannot be used (${cause.message}); it may hold the path of a folder that this process may make, read and write`,
      { cause },
    );
    this.name = 'DataFolderUnusable';
  }
}

const usable = <Result>(folder: string, work: () => Result): Result => {
  try {
    return work();
  } catch (cause) {
    throw cause instanceof Error && 'syscall' in cause
      ? new DataFolderUnusable(folder, cause)
      : cause;
  }
};

const isOneOf = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code;

const readKey = (path: string): string | null => {
  try {
    const key = readFileSync(path, 'utf8').trim();
    if (key.length < leastLength) throw new SecretKeyDamaged(path);
    return key;
  } catch (cause) {
    if (isOneOf(cause, 'ENOENT')) return null;
    throw cause;
  }
};

/** The key kept in `folder`; null where there is none. @throws SecretKeyDamaged, DataFolderUnusable */
export const secretKeyIn = (folder: string): string | null =>
  usable(folder, () => readKey(join(folder, 'secret.key')));

/**
 * The key kept in `folder`, made at the first start for the owner alone. It is written aside and linked to its name
 * whole: a kill in between leaves no half of a key, and of two first starts at once one key stays.
 * @param make what becomes the key where there is none
 * @throws SecretKeyDamaged, DataFolderUnusable
 */
export const keptSecretKey = (folder: string, make = newSecretKey): string =>
  usable(folder, () => keptOrMade(folder, make));

const keptOrMade = (folder: string, make: () => string): string => {
  const path = join(folder, 'secret.key');
  const kept = readKey(path);
  if (kept !== null) return kept;
  makeFolder(folder);
  const aside = join(folder, `secret.key-${newId()}`);
  const file = openSync(aside, 'wx', 0o600);
  try {
    writeFileSync(file, make());
    fsyncSync(file);
    linkSync(aside, path);
  } catch (cause) {
    if (!isOneOf(cause, 'EEXIST')) throw cause;
  } finally {
    closeSync(file);
    rmSync(aside, { force: true });
  }
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
  return readKey(path) ?? keptOrMade(folder, make);
};
