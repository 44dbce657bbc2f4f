import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import checkDiskSpace from 'check-disk-space';
import { noise } from '../secrets/secrets.js';

/** Room for the records of some thousand deletions, and for what the database itself grows by. */
export const reserveBytes = 8 * 1024 * 1024;
const pieceBytes = 1024 * 1024;
/** Asking for free space starts a process. */
const lookEveryMs = 5_000;

/**
 * Bytes beside an SQLite database that are given up when its volume is full. Without them nothing can be written
 * there any more, the records of a deletion included: nobody could sign in to make room.
 */
export class ReserveFile {
  private readonly log = new Logger(ReserveFile.name);
  private readonly path: string;
  private lookedAt = -Infinity;

  /** @param database path of the database file */
  constructor(database: string) {
    this.path = `${database}.reserve`;
  }

  /** Gives the bytes up. @returns whether there were any: then what was refused may be tried once more */
  give(): boolean {
    if (!existsSync(this.path)) return false;
    rmSync(this.path, { force: true });
    this.log.error({ event: 'database.reserve-given-up', bytes: reserveBytes });
    return true;
  }

  /** Makes it where it is missing and as much stays free besides. Cheap enough to be called often. */
  async keep(): Promise<void> {
    if (Date.now() - this.lookedAt < lookEveryMs || existsSync(this.path)) return;
    this.lookedAt = Date.now();
    const making = `${this.path}.new`;
    try {
      const { free } = await checkDiskSpace(dirname(this.path));
      if (free < 2 * reserveBytes) return;
      await write(making);
      renameSync(making, this.path);
    } catch (cause) {
      rmSync(making, { force: true });
      this.log.warn({ event: 'database.reserve-not-made', err: cause });
    }
  }
}

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
