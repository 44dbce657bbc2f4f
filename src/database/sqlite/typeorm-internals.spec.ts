import { DataSource } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';

/**
 * What sqlite-mutex.ts, statement-cache.ts and sqlite-data-source.ts replace or extend inside TypeORM, none of which is
 * promised. A new TypeORM that fails here needs a look at the file that is named, before anything else.
 */

/** Texts that reach the connection. */
let prepared: string[];
let dataSource: DataSource;
let driver: BetterSqlite3Driver;

beforeEach(() => {
  prepared = [];
  dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    prepareDatabase: (database: { prepare: (text: string) => unknown }) => {
      const prepare = database.prepare.bind(database);
      database.prepare = (text) => {
        prepared.push(text);
        return prepare(text);
      };
    },
  });
  driver = dataSource.driver as BetterSqlite3Driver;
});

afterEach(async () => {
  if (dataSource.isInitialized) await dataSource.destroy();
});

describe('driver.createQueryRunner, which sqlite-mutex.ts replaces', () => {
  it('exists, and gives every caller the same runner: the reason for replacing it', async () => {
    expect(driver.createQueryRunner).toHaveLength(1);
    await dataSource.initialize();
    expect(dataSource.createQueryRunner()).toBe(dataSource.createQueryRunner());
    expect(dataSource.createQueryRunner()).toBeInstanceOf(BetterSqlite3QueryRunner);
  });

  it('is where queries, builders and transactions get theirs from', async () => {
    let created = 0;
    class Counted extends BetterSqlite3QueryRunner {}
    driver.createQueryRunner = () => {
      created += 1;
      return new Counted(driver);
    };
    await dataSource.initialize();
    const runners = async (work: () => Promise<unknown>): Promise<number> => {
      const before = created;
      await work();
      return created - before;
    };
    expect(await runners(() => dataSource.query('SELECT 1'))).toBe(1);
    const builder = dataSource.createQueryBuilder().select('1').from('sqlite_schema', 'schema');
    expect(await runners(() => builder.getRawMany())).toBe(1);
    await dataSource.transaction(async (tx) => {
      expect(tx.queryRunner).toBeInstanceOf(Counted);
      expect(await runners(() => tx.query('SELECT 1'))).toBe(0);
    });
  });
});

describe('the query runner, which sqlite-mutex.ts extends', () => {
  it('has the methods that are overridden, and the state that is read', () => {
    const { prototype } = BetterSqlite3QueryRunner;
    // Parameters after the first with a default are not counted.
    expect(prototype.query).toHaveLength(1);
    expect(prototype.startTransaction).toHaveLength(1);
    expect(prototype.commitTransaction).toHaveLength(0);
    expect(prototype.rollbackTransaction).toHaveLength(0);
    expect(new BetterSqlite3QueryRunner(driver)).toMatchObject({
      isTransactionActive: false,
      transactionDepth: 0,
    });
  });

  it('sends what begins and ends a transaction through its own query, in these words', async () => {
    await dataSource.initialize();
    const runner = new BetterSqlite3QueryRunner(driver);
    const query = jest.spyOn(runner, 'query');
    await runner.startTransaction();
    expect(runner).toMatchObject({ isTransactionActive: true, transactionDepth: 1 });
    await runner.startTransaction();
    expect(runner).toMatchObject({ isTransactionActive: true, transactionDepth: 2 });
    await runner.rollbackTransaction();
    expect(runner).toMatchObject({ isTransactionActive: true, transactionDepth: 1 });
    await runner.commitTransaction();
    expect(runner).toMatchObject({ isTransactionActive: false, transactionDepth: 0 });
    expect(query.mock.calls.map(([text]) => text)).toEqual([
      'BEGIN TRANSACTION',
      'SAVEPOINT typeorm_1',
      'ROLLBACK TO SAVEPOINT typeorm_1',
      'COMMIT',
    ]);
  });
});

it('manager.transaction, which sqlite-mutex.ts wraps, is what dataSource.transaction calls', async () => {
  const { manager } = dataSource;
  expect(manager.transaction).toHaveLength(2);
  const transaction = jest.spyOn(manager, 'transaction');
  await dataSource.initialize();
  expect(dataSource.manager).toBe(manager);
  expect(await dataSource.transaction(() => Promise.resolve('done'))).toBe('done');
  expect(transaction).toHaveBeenCalledTimes(1);
});

it('database.prepare, which statement-cache.ts replaces, compiles every statement, and sees it from the start', async () => {
  await dataSource.initialize();
  await dataSource.query('SELECT 1 AS one');
  await dataSource.transaction((tx) => tx.query('SELECT 2 AS two'));
  expect(prepared).toEqual(
    expect.arrayContaining(['SELECT 1 AS one', 'BEGIN TRANSACTION', 'SELECT 2 AS two', 'COMMIT']),
  );
});

describe('driver.escapeQueryWithParameters, which statement-cache.ts wraps', () => {
  it('writes numbers into the text, which is the reason for wrapping it, and binds BigInt', () => {
    expect(driver.escapeQueryWithParameters).toHaveLength(2);
    const escape = (value: unknown) => driver.escapeQueryWithParameters('SELECT :value', { value });
    expect(escape(7)).toEqual(['SELECT 7', []]);
    expect(escape(7n)).toEqual(['SELECT ?', [7n]]);
  });

  it('is what builders bind their parameters with', async () => {
    await dataSource.initialize();
    const escape = jest.spyOn(driver, 'escapeQueryWithParameters');
    const builder = dataSource
      .createQueryBuilder()
      .select(':one', 'one')
      .from('sqlite_schema', 's');
    await builder.where('1 = :one', { one: 1 }).getRawMany();
    expect(escape).toHaveBeenCalled();
  });
});

it('dataSource.destroy, which sqlite-data-source.ts wraps, closes the connection', async () => {
  expect(dataSource.destroy).toHaveLength(0);
  await dataSource.initialize();
  const { databaseConnection } = driver as unknown as { databaseConnection: { open: boolean } };
  expect(databaseConnection.open).toBe(true);
  await dataSource.destroy();
  expect(databaseConnection.open).toBe(false);
});
