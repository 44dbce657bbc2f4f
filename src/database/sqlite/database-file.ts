import { realpathSync, statSync } from 'node:fs';
import { Logger } from '@nestjs/common';

/** The path of the open database leads to another file, or to none: a restart would not find what is written now. */
export class DatabaseFileMoved extends Error {
  /** As SQLite says it where it looks itself, which in WAL mode it does not. */
  readonly code = 'SQLITE_READONLY_DBMOVED';
  constructor(path: string) {
    super(
      `${path} is not the file that the service has opened; put it back, or restart the service`,
    );
    this.name = 'DatabaseFileMoved';
  }
}

/** A file and what tells it from all others. */
interface OpenedFile {
  readonly path: string;
  readonly identity: string;
}

/**
 * What tells a file from all others, through symbolic links; null where there is none. The inode of a file that is open
 * is not given to another one. Only stat: to open and close a database's file would drop SQLite's locks on it
 * (POSIX, fcntl).
 */
const identityOf = (path: string): string | null => {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // Also where a folder above it is gone or shut, or the volume fails: a restart would not find it either.
    return null;
  }
};

/**
 * Whether the open database is still the file at its path, and its log beside it. SQLite goes on in files that were
 * moved or deleted, so it would take uploads that no restart finds. The heartbeat looks (SqliteInstance), and each
 * statement asks what the last look has found.
 */
export class DatabaseFile {
  private readonly log = new Logger(DatabaseFile.name);
  private opened: readonly OpenedFile[] = [];
  private missedAtMs: number | null = null;
  private isChanged = false;

  constructor(private readonly path: string) {}

  /** Call it once the database was read: from then on SQLite keeps the log open, too. */
  remember(): void {
    // That of the OpenAPI document has no file.
    if (this.path === ':memory:') return;
    // SQLite puts its log beside the file itself, should the path be a link to it.
    const real = realpathSync(this.path);
    this.opened = [this.path, `${real}-wal`, `${real}-shm`].flatMap((path) => {
      const identity = identityOf(path);
      return identity === null ? [] : { path, identity };
    });
  }

  /** As the last look found it. */
  get isInPlace(): boolean {
    return this.missedAtMs === null;
  }

  /** @throws DatabaseFileMoved where the last look did not find it in its place */
  assertInPlace(): void {
    if (this.missedAtMs !== null) throw new DatabaseFileMoved(this.path);
  }

  /**
   * Compares the paths with what is open. Synchronous, three calls: it must not wait for threads that are busy with
   * archives and passwords, and a volume that hangs stops SQLite's statements, and with them the process, anyway.
   */
  look(now: Date): void {
    if (this.isChanged) return;
    const wrong = this.opened.find(({ path, identity }) => identityOf(path) !== identity);
    if (wrong && this.missedAtMs === null) {
      this.missedAtMs = now.getTime();
      this.log.error({ event: 'database.file-moved', path: wrong.path });
    } else if (!wrong && this.missedAtMs !== null) this.takeBack(this.missedAtMs);
  }

  /**
   * Nothing was written here since the file was missed. Another program that opened it elsewhere, without its log, has
   * written past our log: what this process knows of the pages is wrong then, and only a restart reads them again.
   */
  private takeBack(missedAtMs: number): void {
    if (statSync(this.path).mtimeMs > missedAtMs) {
      this.isChanged = true;
      this.log.error({ event: 'database.file-changed', path: this.path });
      return;
    }
    this.missedAtMs = null;
    this.log.warn({ event: 'database.file-back', path: this.path });
  }
}
