import { readFileSync, writeFileSync } from 'node:fs';
import { AlreadyRunning, Instance } from '../instance.js';
import type { DatabaseFile } from './database-file.js';
import { tryFileLock } from './file-lock.js';
import type { FileLock } from './file-lock.js';
import { ReserveFile } from './reserve-file.js';

/** One process serves; its lock is that of SQLite on a file of its own beside the database. */
export class SqliteInstance extends Instance {
  readonly mayErr = false;
  private readonly reserve: ReserveFile;
  private lock: FileLock | null = null;

  constructor(
    private readonly path: string,
    private readonly file: DatabaseFile,
  ) {
    super();
    this.reserve = ReserveFile.of(path);
  }

  private get lockFile(): string {
    return `${this.path}.lock`;
  }

  async enter(): Promise<void> {
    // A command that asks who is alive holds the lock for a moment.
    for (let look = 0; look < 10 && !this.lock; look += 1) {
      this.lock = tryFileLock(this.lockFile);
      if (!this.lock) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (!this.lock) throw new AlreadyRunning(this.path);
    writeFileSync(`${this.lockFile}.instance`, String(this.number));
    await this.reserve.keep();
  }

  assertSameKey(): Promise<void> {
    return Promise.resolve();
  }

  /** Where another process (the service, seen from a command) holds the lock, the instance it wrote down lives. */
  isAlive(instance: number): Promise<boolean> {
    if (instance === this.number) return Promise.resolve(true);
    if (this.lock) return Promise.resolve(false);
    const lock = tryFileLock(this.lockFile);
    lock?.release();
    return Promise.resolve(
      lock === null && Number(readFileSync(`${this.lockFile}.instance`, 'utf8')) === instance,
    );
  }

  looksAlive(instance: number): Promise<boolean> {
    return this.isAlive(instance);
  }

  isShared(): Promise<boolean> {
    return Promise.resolve(false);
  }

  beginWork(): Promise<void> {
    return Promise.resolve();
  }

  /** The one process that serves works, too. */
  hasWorker(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Whether the database is still in its place; and the reserve, once there is room for it again. */
  protected override async keep(): Promise<void> {
    if (!this.lock) return;
    this.file.look(new Date());
    // Where the database was moved, its folder may be another one, which is nothing to write to.
    if (this.file.isInPlace) await this.reserve.keep();
  }

  hasReserve(): Promise<boolean> {
    return this.reserve.isThere();
  }

  async leave(): Promise<void> {
    await this.endBeat();
    this.lock?.release();
    this.lock = null;
  }
}
