import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { fileOf } from '../../src/database/sqlite/sqlite-data-source.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { sqlitePlace } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

/** What the contract promises. */
const noticedMs = 3_000;

const suffixes = ['', '-wal', '-shm'];
const databaseOf = ({ place }: TestService): string => join(place.dataDir, 'logs-collector.sqlite');

/** Moves the database within its file system, whole or only in part. */
const move = (from: string, to: string, parts: readonly string[] = suffixes): void => {
  for (const suffix of parts) renameSync(from + suffix, to + suffix);
};

const ready = ({ url }: TestService): Promise<Answer> =>
  send(`${url}/health/ready`, { method: 'GET' });

const noticed = (service: TestService): Promise<void> =>
  eventually(async () => {
    expect(await ready(service)).toMatchObject({
      status: 503,
      body: { checks: { database: 'down', storage: 'up' } },
    });
  }, noticedMs);

const readyAgain = (service: TestService): Promise<void> =>
  eventually(async () => expect(await ready(service)).toMatchObject({ status: 200 }), noticedMs);

const driver = createRequire(join(process.cwd(), 'package.json')).resolve('better-sqlite3');

/** In another process, as an operator would: to open and close the file in this one drops the service's locks. */
const runElsewhere = (path: string, statement: string): void => {
  const script = `const db = new (require(process.argv[1]))(process.argv[2]);
    db.exec(process.argv[3]); db.exec('PRAGMA wal_checkpoint'); db.close();`;
  execFileSync(process.execPath, ['-e', script, driver, path, statement]);
};

it('moved, and another file in its place: nothing is taken any more, until it is back', async () => {
  const service = await startedService();
  const token = await service.given.uploadToken({ attempts: 5 });
  const other = await service.given.uploadToken({ attempts: 5 });
  const { id } = await service.given.archive({}, token);
  const running = await uploadUnderWay(service.url, other);
  const path = databaseOf(service);
  const away = `${path}.away`;

  move(path, away);
  writeFileSync(path, 'something else');
  await noticed(service);
  const log = statSync(`${away}-wal`).mtimeMs;
  expect(await send(`${service.url}/health/live`, { method: 'GET' })).toMatchObject({
    status: 200,
  });
  for (const way of ['form', 'put'] as const)
    expectProblem(await upload(service.url, token, { way }), 'database-unavailable');
  const refused = expectProblem(await running.finish(), 'database-unavailable');
  expect(JSON.stringify(refused)).not.toContain(path);
  const login = await send(`${service.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'no such password' }),
  });
  expectProblem(login, 'database-unavailable');
  expect(statSync(`${away}-wal`).mtimeMs).toBe(log);

  rmSync(path);
  move(away, path);
  await readyAgain(service);
  const again = await upload(service.url, token);
  expect(again).toMatchObject({ status: 201 });
  // What the clock does each minute.
  await service.app.get(SweepService).finish();
  expect(storedFiles(service.place)).toEqual([String(id), String(again.body.id)].sort());
  expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
  expect(await tokenState(service.url, other)).toMatchObject({ attemptsLeft: 5 });
  // One line at the moment when it was noticed, one when it was over.
  expect(service.log.events('database.file-moved')).toMatchObject([{ level: 'error', path }]);
  expect(service.log.events('database.file-back')).toMatchObject([{ level: 'warn', path }]);
});

it.each(suffixes.map((suffix) => [`logs-collector.sqlite${suffix}`, suffix]))(
  '%s alone is removed: refused until the service is stopped, which ends cleanly',
  async (_name, suffix) => {
    const service = await startedService();
    const token = await service.given.uploadToken();
    rmSync(databaseOf(service) + suffix);
    await noticed(service);
    expectProblem(await upload(service.url, token), 'database-unavailable');
    await service.stop();
    expect(service.log.events('service.stop-failed')).toEqual([]);
  },
);

it('a stop while it is away touches neither it nor what is in its place; a start goes on with it', async () => {
  const service = await startedService();
  const token = await service.given.uploadToken({ attempts: 2 });
  await service.given.archive({}, token);
  const path = databaseOf(service);
  move(path, `${path}.away`);
  for (const suffix of suffixes) writeFileSync(path + suffix, 'something else');
  await noticed(service);
  await service.stop();
  expect(service.log.events('service.stop-failed')).toEqual([]);
  for (const suffix of suffixes) expect(readFileSync(path + suffix, 'utf8')).toBe('something else');

  for (const suffix of suffixes) rmSync(path + suffix);
  move(`${path}.away`, path);
  const next = await startedService({}, service.place);
  expect(await tokenState(next.url, token)).toMatchObject({ attemptsLeft: 1 });
  expect(await upload(next.url, token)).toMatchObject({ status: 201 });
});

it('another program wrote to it elsewhere: refused also when it is back', async () => {
  const service = await startedService();
  const token = await service.given.uploadToken();
  const path = databaseOf(service);
  move(path, `${path}.away`, ['']);
  await noticed(service);
  // Without the log, which the operator has forgotten.
  runElsewhere(`${path}.away`, 'CREATE TABLE elsewhere (n integer)');
  move(`${path}.away`, path, ['']);
  expect(await service.log.event('database.file-changed', noticedMs)).toMatchObject({ path });
  expect(await ready(service)).toMatchObject({ status: 503 });
  expectProblem(await upload(service.url, token), 'database-unavailable');
  expect(service.log.events('database.file-back')).toEqual([]);
});

it('a link to the file, and VACUUM, are no reason to refuse anything', async () => {
  const place = sqlitePlace();
  const elsewhere = join(place.dataDir, 'volume');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'real.sqlite'), '');
  const path = join(place.dataDir, 'logs-collector.sqlite');
  symlinkSync(join(elsewhere, 'real.sqlite'), path);
  const service = await startedService({}, place);
  const token = await service.given.uploadToken();
  runElsewhere(path, 'VACUUM');
  fileOf(service.app.get(DataSource)).look(new Date());
  expect(await ready(service)).toMatchObject({ status: 200 });
  expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  expect(service.log.events('database.file-moved')).toEqual([]);

  // The link leads to another file now.
  rmSync(path);
  writeFileSync(join(elsewhere, 'other.sqlite'), '');
  symlinkSync(join(elsewhere, 'other.sqlite'), path);
  await noticed(service);
});
