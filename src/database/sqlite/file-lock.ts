import Database from 'better-sqlite3';

export interface FileLock {
  release(): void;
}

/**
 * A lock that the operating system drops with the process: SQLite's own, on a file that never holds anything.
 * @returns null where another process has it
 */
export const tryFileLock = (path: string): FileLock | null => {
  const lock = new Database(path, { timeout: 0 });
  try {
    // No journal file beside it.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    return { release: () => void lock.close() };
  } catch (cause) {
    lock.close();
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE_BUSY'))
      return null;
    throw cause;
  }
};
