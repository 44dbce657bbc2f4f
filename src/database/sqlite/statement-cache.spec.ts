import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { bindNumbers, cacheStatements } from './statement-cache.js';

it('compiles a text once, and forgets the oldest of many', () => {
  const database = new Database(':memory:');
  cacheStatements(database);
  const first = database.prepare('SELECT 0 AS one');
  expect(database.prepare('SELECT 0 AS one')).toBe(first);
  for (let at = 1; at <= 200; at += 1) database.prepare(`SELECT ${at} AS one`);
  expect(database.prepare('SELECT 0 AS one')).not.toBe(first);
  database.close();
});

it('binds numbers instead of writing them into the text, as integers also above 32 bits', async () => {
  const dataSource = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
  const driver = dataSource.driver as BetterSqlite3Driver;
  bindNumbers(driver);
  const size = 3 * 1024 ** 3;
  const bound = driver.escapeQueryWithParameters('SELECT typeof(:size) AS type, :text', {
    size,
    text: 'a',
  });
  expect(bound).toEqual(['SELECT typeof(?) AS type, ?', [BigInt(size), 'a']]);
  await dataSource.initialize();
  expect(await dataSource.query(...bound)).toMatchObject([{ type: 'integer' }]);
  await dataSource.destroy();
});
