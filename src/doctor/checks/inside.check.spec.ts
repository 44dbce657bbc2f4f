import { Config, GiB } from '../../config/config.js';
import { judgeMigrations } from './database.check.js';
import { judgeEnvironment } from './environment.check.js';
import { judgeModes } from './files.check.js';
import { judgeSpace } from './storage.check.js';

const config = (values: Partial<Config>): Config => Object.assign(new Config(), values);

it('the environment says where people reach the service, and keeps no password that is not needed', () => {
  const levels = (values: Partial<Config>, hasUsers: boolean | null = true) =>
    judgeEnvironment(config(values), hasUsers).map(({ level }) => level);
  const PUBLIC_URL = 'https://logs.example.com';
  expect(levels({ PUBLIC_URL })).toEqual(['ok', 'ok', 'ok']);
  expect(levels({})).toEqual(['warn', 'ok', 'ok']);
  const ADMIN_PASSWORD = 'a password of the first start';
  expect(levels({ PUBLIC_URL, ADMIN_PASSWORD })).toEqual(['ok', 'ok', 'warn']);
  // Before the first start it is needed.
  expect(levels({ PUBLIC_URL, ADMIN_PASSWORD }, false)).toEqual(['ok', 'ok', 'ok']);
  const DATABASE_URL = 'postgres://logs@db/logs';
  expect(levels({ PUBLIC_URL, DATABASE_URL })).toEqual(['ok', 'warn', 'ok']);
  expect(levels({ PUBLIC_URL, DATABASE_URL, SECRET_KEY: 'x'.repeat(32) })).toEqual([
    'ok',
    'ok',
    'ok',
  ]);
});

it('files are open where others may read them and enter their folder', () => {
  const level = (mode: number, folderMode: number) =>
    judgeModes([{ path: '/data/secret.key', mode, folderMode }]).level;
  expect(level(0o100600, 0o40755)).toBe('ok');
  expect(level(0o100644, 0o40700)).toBe('ok');
  expect(level(0o100644, 0o40755)).toBe('fail');
  expect(level(0o100640, 0o40710)).toBe('fail');
});

it('space has to be there for the largest upload', () => {
  const level = (free: number) =>
    judgeSpace({ free, total: 100 * GiB }, { MIN_FREE_BYTES: GiB, MAX_UPLOAD_BYTES: 10 * GiB })
      .level;
  expect([level(GiB), level(10 * GiB), level(11 * GiB)]).toEqual(['fail', 'warn', 'ok']);
});

it('a database is neither older nor newer than the program', () => {
  const judge = (done: string[]) => judgeMigrations('SQLite', done, ['One1', 'Two2']);
  expect(judge(['One1', 'Two2']).level).toBe('ok');
  expect(judge(['One1']).saw).toContain('Two2');
  expect(judge([]).level).toBe('fail');
  expect(judge(['One1', 'Two2', 'Three3']).saw).toContain('newer than this program (Three3)');
});
