import { readFileSync, writeFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import type { DatabaseTarget } from '../config/load-config.js';
import { newInstanceNumber } from '../secrets/secrets.js';
import { tryFileLock } from './sqlite/file-lock.js';
import type { FileLock } from './sqlite/file-lock.js';
import { ReserveFile } from './sqlite/reserve-file.js';

/** A second service on the same SQLite database. */
export class AlreadyRunning extends Error {
  constructor(path: string) {
    super(
      `Another process already serves ${path}; stop it first, or use PostgreSQL to run several`,
    );
    this.name = 'AlreadyRunning';
  }
}

/** Another process serves this database with another key: what one seals or signs the other could not read. */
export class OtherSecretKey extends Error {
  constructor() {
    super(
      'Another process serves this database with another SECRET_KEY; give all of them the same one (where it is not given, each makes its own and keeps it in its DATA_DIR)',
    );
    this.name = 'OtherSecretKey';
  }
}

/**
 * This process among those that work on one database. Work under way names its instance; whether that one still
 * lives is asked of a lock that the operating system or PostgreSQL drops with the process, never of a clock, so that
 * what a crash left is found at the very next start.
 */
export abstract class Instance {
  readonly number = newInstanceNumber();

  /** Whether one that lives may be taken for dead: a lock that another machine keeps goes with the connection. */
  abstract readonly mayErr: boolean;

  /** Takes the lock. @throws AlreadyRunning on SQLite when another process serves this database */
  abstract enter(): Promise<void>;
  /** Of two that enter at the same moment with keys of their own both are refused. @throws OtherSecretKey */
  abstract assertSameKey(): Promise<void>;
  abstract isAlive(instance: number): Promise<boolean>;
  /** The same at one look: one that has lost its connection for a moment seems dead. */
  abstract looksAlive(instance: number): Promise<boolean>;
  /** Whether another process serves this database now. On SQLite `enter` has refused that. */
  abstract isShared(): Promise<boolean>;
  /** Called every second; takes the lock again where a lost connection dropped it. */
  abstract keep(): Promise<void>;
  /** False while the database lives of the reserve that is kept for deleting on a full volume. */
  abstract hasReserve(): Promise<boolean>;
  abstract leave(): Promise<void>;
}

/** One process serves; its lock is that of SQLite on a file of its own beside the database. */
export class SqliteInstance extends Instance {
  readonly mayErr = false;
  private readonly reserve: ReserveFile;
  private lock: FileLock | null = null;

  constructor(private readonly path: string) {
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

  /** And the reserve, once there is room for it again. */
  async keep(): Promise<void> {
    if (this.lock) await this.reserve.keep();
  }

  hasReserve(): Promise<boolean> {
    return this.reserve.isThere();
  }

  leave(): Promise<void> {
    this.lock?.release();
    this.lock = null;
    return Promise.resolve();
  }
}

/** Time for a live process to take its lock again. */
const secondLookMs = 3_000;

/** First key of the advisory locks that stand for instances. */
const instanceLocks = 7_205_912;

/** First key of those that tell which SECRET_KEY the living processes have. */
const keyLocks = 7_205_913;

/** Advisory locks of two keys in this database, the first of which is $1. */
const heldHere = `locktype = 'advisory' AND objsubid = 2 AND classid = $1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Each process holds an advisory lock on a connection of its own; PostgreSQL drops it with the connection. */
export class PostgresInstance extends Instance {
  readonly mayErr = true;
  private readonly log = new Logger('Instance');
  private runner: QueryRunner | null = null;
  private isLooking = false;
  private hasLeft = false;

  /** @param keyMark of SECRET_KEY (Keyring.mark) */
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyMark: number,
  ) {
    super();
  }

  async enter(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      // A machine that lost its power sends no FIN: notice it in half a minute instead of hours.
      await runner.query('SET tcp_keepalives_idle = 10');
      await runner.query('SET tcp_keepalives_interval = 5');
      await runner.query('SET tcp_keepalives_count = 4');
      await runner.query('SELECT pg_advisory_lock($1, $2)', [instanceLocks, this.number]);
      await runner.query('SELECT pg_advisory_lock_shared($1, $2)', [keyLocks, this.keyMark]);
    } catch (cause) {
      await runner.release().catch(() => undefined);
      throw cause;
    }
    this.runner = runner;
  }

  async assertSameKey(): Promise<void> {
    if (await this.isHeldBeside(keyLocks, this.keyMark)) throw new OtherSecretKey();
  }

  /** Dead is who holds no lock at two looks: one that only lost its connection has taken it again by the second. */
  async isAlive(instance: number): Promise<boolean> {
    if (instance === this.number || (await this.looksAlive(instance))) return true;
    await new Promise((resolve) => setTimeout(resolve, secondLookMs));
    return this.looksAlive(instance);
  }

  async looksAlive(instance: number): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM pg_locks WHERE ${heldHere} AND objid = $2`,
      [instanceLocks, instance],
    );
    return rows.length > 0;
  }

  isShared(): Promise<boolean> {
    return this.isHeldBeside(instanceLocks, this.number);
  }

  private async isHeldBeside(locks: number, own: number): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM pg_locks WHERE ${heldHere} AND objid <> $2 LIMIT 1`,
      [locks, own],
    );
    return rows.length > 0;
  }

  /** Its server has the room of another machine, and sees to it itself. */
  hasReserve(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Called every second; one look at a time. */
  async keep(): Promise<void> {
    if (this.isLooking || this.hasLeft) return;
    this.isLooking = true;
    try {
      if (this.runner && (await this.answers(this.runner))) return;
      await this.release();
      await this.enter();
      this.log.warn({ event: 'instance.lock-retaken', instance: this.number });
    } catch (cause) {
      this.log.debug({ event: 'instance.lock-not-retaken', err: cause });
    } finally {
      this.isLooking = false;
    }
  }

  private answers(runner: QueryRunner): Promise<boolean> {
    return runner.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async leave(): Promise<void> {
    this.hasLeft = true;
    await this.release();
  }

  private async release(): Promise<void> {
    const { runner } = this;
    this.runner = null;
    await runner
      ?.query('SELECT pg_advisory_unlock($1, $2), pg_advisory_unlock_shared($3, $4)', [
        ...[instanceLocks, this.number],
        ...[keyLocks, this.keyMark],
      ])
      .catch(() => undefined);
    await runner?.release().catch(() => undefined);
  }
}

/** @param keyMark of SECRET_KEY (Keyring.mark) */
export const instanceOf = (
  target: DatabaseTarget,
  dataSource: DataSource,
  keyMark: number,
): Instance =>
  target.kind === 'postgres'
    ? new PostgresInstance(dataSource, keyMark)
    : new SqliteInstance(target.path);
