import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { Instance, OtherSecretKey } from '../instance.js';

/** Time for a live process to take its lock again. */
const secondLookMs = 3_000;

/** First key of the advisory locks that stand for instances. */
const instanceLocks = 7_205_912;

/** First key of those that tell which SECRET_KEY the living processes have. */
const keyLocks = 7_205_913;

/** First key of those that tell which of the instances run jobs. */
const workLocks = 7_205_914;

/** Advisory locks of two keys in this database, the first of which is $1. */
const heldHere = `locktype = 'advisory' AND objsubid = 2 AND classid = $1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Each process holds an advisory lock on a connection of its own; PostgreSQL drops it with the connection. */
export class PostgresInstance extends Instance {
  readonly mayErr = true;
  private readonly log = new Logger('Instance');
  private runner: QueryRunner | null = null;
  private isWorking = false;

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
      if (this.isWorking) await this.showWork(runner);
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

  async beginWork(): Promise<void> {
    this.isWorking = true;
    // Without a connection, the next beat takes the lock.
    if (this.runner) await this.showWork(this.runner).catch(() => undefined);
  }

  async hasWorker(): Promise<boolean> {
    if (this.isWorking) return true;
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM pg_locks WHERE ${heldHere} LIMIT 1`,
      [workLocks],
    );
    return rows.length > 0;
  }

  private async showWork(runner: QueryRunner): Promise<void> {
    await runner.query('SELECT pg_advisory_lock($1, $2)', [workLocks, this.number]);
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

  protected override async keep(): Promise<void> {
    try {
      if (this.runner && (await this.answers(this.runner))) return;
      await this.release();
      await this.enter();
      this.log.warn({ event: 'instance.lock-retaken', instance: this.number });
    } catch (cause) {
      this.log.debug({ event: 'instance.lock-not-retaken', err: cause });
    }
  }

  private answers(runner: QueryRunner): Promise<boolean> {
    return runner.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async leave(): Promise<void> {
    await this.endBeat();
    await this.release();
  }

  private async release(): Promise<void> {
    const { runner } = this;
    this.runner = null;
    await runner?.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    await runner?.release().catch(() => undefined);
  }
}
