import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { noise } from '../../secrets/secrets.js';

/** Room for the records of some thousand deletions, and for what the database itself grows by. */
const reserveBytes = 8 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

/**
 * Bytes beside an SQLite database that are given up when its volume is full. Without them nothing can be written
 * there any more, the records of a deletion included: nobody could sign in to make room.
 */
export class ReserveFile {
  private readonly log = new Logger(ReserveFile.name);
  private readonly path: string;
  private isGivenUp = false;
  private making: Promise<void> | null = null;

  private constructor(database: string) {
    this.path = `${database}.reserve`;
  }

  /** The one of a database file: who gives it up and who makes it anew know of each other. */
  static of(database: string): ReserveFile {
    const known = all.get(database) ?? new ReserveFile(database);
    all.set(database, known);
    return known;
  }

  /** Gives the bytes up. @returns whether there were any: then what was refused may be tried once more */
  give(): boolean {
    if (!existsSync(this.path)) return false;
    rmSync(this.path, { force: true });
    this.isGivenUp = true;
    this.log.error({ event: 'database.reserve-given-up', bytes: reserveBytes });
    return true;
  }

  /** False from when it was given up until it could be made anew: what is free meanwhile is no room for uploads. */
  async isThere(): Promise<boolean> {
    if (this.isGivenUp) await this.keep();
    return !this.isGivenUp;
  }

  /** Makes it where it is missing and as much stays free besides. Cheap enough to be called often. */
  keep(): Promise<void> {
    this.making ??= this.make().finally(() => {
      this.making = null;
    });
    return this.making;
  }

  private async make(): Promise<void> {
    if (existsSync(this.path)) return;
    const making = `${this.path}.new`;
    try {
      const { bavail, bsize } = await statfs(dirname(this.path));
      if (bavail * bsize < 2 * reserveBytes) return;
      await write(making);
      renameSync(making, this.path);
      this.isGivenUp = false;
    } catch (cause) {
      rmSync(making, { force: true });
      this.log.warn({ event: 'database.reserve-not-made', err: cause });
    }
  }
}

const all = new Map<string, ReserveFile>();

/** Bytes that no file system can compress away or leave out. */
const write = async (path: string): Promise<void> => {
  const file = openSync(path, 'w', 0o600);
  try {
    for (let written = 0; written < reserveBytes; written += pieceBytes) {
      writeSync(file, noise(pieceBytes));
      await setImmediate();
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
