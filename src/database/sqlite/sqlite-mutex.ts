import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { isLocked, isVolumeFull } from '../errors.js';
import type { ReserveFile } from './reserve-file.js';
import type { WalSync } from './wal-sync.js';

/** First come, first served. */
class Mutex {
  private tail: Promise<void> = Promise.resolve();

  /** Resolves to the release function once everybody before has released. */
  async acquire(): Promise<() => void> {
    const before = this.tail;
    let release!: () => void;
    this.tail = new Promise((resolve) => (release = resolve));
    await before;
    return release;
  }
}

const isRead = (query: string): boolean => /^\s*(SELECT|PRAGMA)\b/i.test(query);

/** Another process that writes for longer is a failure of the database. */
const lockedMs = 5_000;
const lookAgainMs = 20;

/**
 * Waits for a lock of another process. SQLite's own busy_timeout would wait within the call, and with it this whole
 * process, which could not even say that it lives.
 */
const whileLocked = async <Result>(
  work: () => Promise<Result>,
  deadlineMs: number,
): Promise<Result> => {
  for (;;)
    try {
      return await work();
    } catch (cause) {
      if (!isLocked(cause) || Date.now() > deadlineMs) throw cause;
      await setTimeout(lookAgainMs);
    }
};

/** A repository or manager from outside was used within a transaction; it would wait for itself forever. */
export class OutsideTransaction extends Error {
  constructor(query: string) {
    super(`Use the manager that the transaction hands you; this ran outside of it: ${query}`);
    this.name = 'OutsideTransaction';
  }
}

/**
 * TypeORM gives all callers one SQLite connection and one query runner. A plain write of another request would join
 * an open transaction and be lost with its rollback, and two transactions would break each other. So each caller
 * gets a runner of its own, an open transaction owns the connection, and the other runners wait.
 */
export const serialiseTransactions = (
  dataSource: DataSource,
  reserve: Pick<ReserveFile, 'give'>,
  wal: WalSync,
): void => {
  const mutex = new Mutex();
  const open = new AsyncLocalStorage<{ ended: boolean }>();

  /** What a full volume refused is done again when there was room to give up: it was rolled back as a whole. */
  const withReserve = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      if (!isVolumeFull(cause) || !reserve.give()) throw cause;
      return work();
    }
  };

  class SerialQueryRunner extends BetterSqlite3QueryRunner {
    private release_: (() => void) | null = null;
    /** Counted from the asking: those who waited for us meanwhile do not wait as long again. */
    private deadlineMs = 0;

    private async lock(query: string): Promise<() => void> {
      if (open.getStore()?.ended === false) throw new OutsideTransaction(query);
      return mutex.acquire();
    }

    override async query(
      query: string,
      parameters?: unknown[],
      useStructuredResult?: boolean,
      // The base class returns `any`: rows of whatever the statement selects.
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
    ): Promise<any> {
      // IMMEDIATE: a command of the operator may write from another process. A transaction that turns from reading to
      // writing after that fails at once; one that takes the lock at its beginning may wait for it.
      if (query === 'BEGIN TRANSACTION')
        return whileLocked(() => super.query('BEGIN IMMEDIATE TRANSACTION'), this.deadlineMs);
      if (this.release_) return super.query(query, parameters, useStructuredResult);
      const deadlineMs = Date.now() + lockedMs;
      const release = await this.lock(query);
      let result: unknown;
      try {
        result = await withReserve(() =>
          whileLocked(() => super.query(query, parameters, useStructuredResult), deadlineMs),
        );
      } finally {
        release();
      }
      await (isRead(query) ? wal.settle() : wal.commit());
      return result;
    }

    override async startTransaction(): Promise<void> {
      this.deadlineMs = Date.now() + lockedMs;
      // BEGIN takes no isolation level: SQLite's transactions are serializable.
      this.release_ ??= await mutex.acquire();
      try {
        await super.startTransaction();
      } catch (cause) {
        this.unlock();
        throw cause;
      }
    }

    override async commitTransaction(): Promise<void> {
      await super.commitTransaction();
      this.unlock();
      if (!this.isTransactionActive) await wal.commit();
    }

    override async rollbackTransaction(): Promise<void> {
      // 1 is the transaction itself; above it are savepoints, after whose rollback it goes on.
      const depth = this.transactionDepth;
      try {
        await super.rollbackTransaction();
      } finally {
        // SQLite may have rolled back by itself (disk full): then ROLLBACK throws, and the lock must go all the same.
        if (depth <= 1) this.isTransactionActive = false;
        this.unlock();
      }
      // What it saw may be told.
      if (depth <= 1) await wal.settle();
    }

    private unlock(): void {
      if (this.isTransactionActive) return;
      this.release_?.();
      this.release_ = null;
    }
  }

  const driver = dataSource.driver as BetterSqlite3Driver;
  driver.createQueryRunner = () => new SerialQueryRunner(driver);

  const { manager } = dataSource;
  const transaction = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>;
  manager.transaction = async (...args: unknown[]) => {
    if (open.getStore()?.ended === false) throw new OutsideTransaction('BEGIN TRANSACTION');
    return withReserve(() => {
      const scope = { ended: false };
      return open.run(scope, async () => {
        try {
          return await transaction(...args);
        } finally {
          scope.ended = true;
        }
      });
    });
  };
};
