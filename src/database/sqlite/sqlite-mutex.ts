import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import type { DataSource, EntityManager, QueryResult } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { isLocked, isVolumeFull } from '../errors.js';
import type { DatabaseFile } from './database-file.js';
import { Mutex } from './mutex.js';
import type { ReserveFile } from './reserve-file.js';
import { runStatement } from './run-statement.js';
import type { WalSync } from './wal-sync.js';

const isRead = (query: string): boolean => /^\s*(SELECT|PRAGMA)\b/i.test(query);

/** Another process that writes for longer is a failure of the database. */
const lockedMs = 5_000;
const lookAgainMs = 20;

/**
 * Waits for a lock of another process. SQLite's own busy_timeout would wait within the call, and with it this whole
 * process, which could not even say that it lives.
 */
const whileLocked = async <Result>(work: () => Result, deadlineMs: number): Promise<Result> => {
  for (;;)
    try {
      return work();
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
 * gets a runner of its own, an open transaction owns the connection, and the other runners wait. None of them uses a
 * file that is no longer in its place, not even to read: rights are read there, and the operator may have put a database
 * in its place in which they were revoked.
 */
export const serialiseTransactions = (
  dataSource: DataSource,
  reserve: Pick<ReserveFile, 'give'>,
  wal: WalSync,
  file: Pick<DatabaseFile, 'assertInPlace'>,
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
    /** Held by an open transaction. */
    private release_: (() => void) | null = null;

    private run(text: string, parameters?: unknown[]): QueryResult {
      dataSource.logger.logQuery(text, parameters, this);
      return runStatement(this.driver.databaseConnection as Database, text, parameters);
    }

    override async query(
      query: string,
      parameters?: unknown[],
      useStructuredResult = false,
      // The base class returns `any`: rows of whatever the statement selects.
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
    ): Promise<any> {
      const result = this.release_
        ? this.run(query, parameters)
        : await this.alone(query, parameters);
      return useStructuredResult ? result : result.raw;
    }

    /** A statement outside of a transaction, which is one in itself. */
    private async alone(query: string, parameters?: unknown[]): Promise<QueryResult> {
      if (open.getStore()?.ended === false) throw new OutsideTransaction(query);
      const deadlineMs = Date.now() + lockedMs;
      const release = mutex.tryAcquire() ?? (await mutex.acquire());
      let result: QueryResult;
      try {
        file.assertInPlace();
        result = await withReserve(() =>
          whileLocked(() => this.run(query, parameters), deadlineMs),
        );
      } finally {
        release();
      }
      await (isRead(query) ? wal.settle() : wal.commit());
      return result;
    }

    override async startTransaction(): Promise<void> {
      // A savepoint.
      if (this.release_) return super.startTransaction();
      // Counted from the asking: those who waited for us meanwhile do not wait as long again.
      const deadlineMs = Date.now() + lockedMs;
      this.release_ = mutex.tryAcquire() ?? (await mutex.acquire());
      try {
        file.assertInPlace();
        // IMMEDIATE: a command of the operator may write from another process. A transaction that turns from reading to
        // writing after that fails at once; one that takes the lock at its beginning may wait for it.
        await whileLocked(() => this.run('BEGIN IMMEDIATE TRANSACTION'), deadlineMs);
        this.isTransactionActive = true;
        this.transactionDepth = 1;
      } catch (cause) {
        this.unlock();
        throw cause;
      }
    }

    override async commitTransaction(): Promise<void> {
      if (!this.isTransactionActive || this.transactionDepth > 1) return super.commitTransaction();
      file.assertInPlace();
      this.run('COMMIT');
      this.isTransactionActive = false;
      this.transactionDepth = 0;
      this.unlock();
      await wal.commit();
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

  const transaction = async (work: (tx: EntityManager) => Promise<unknown>): Promise<unknown> => {
    const runner = dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (cause) {
      // What made it fail is what matters.
      await runner.rollbackTransaction().catch(() => undefined);
      throw cause;
    } finally {
      await runner.release();
    }
  };
  // In its other form an isolation level comes first.
  dataSource.manager.transaction = async (first: unknown, second?: unknown) => {
    const work = (second ?? first) as Parameters<typeof transaction>[0];
    if (open.getStore()?.ended === false) throw new OutsideTransaction('BEGIN TRANSACTION');
    return withReserve(() => {
      const scope = { ended: false };
      return open.run(scope, async () => {
        try {
          return await transaction(work);
        } finally {
          scope.ended = true;
        }
      });
    });
  };
};
