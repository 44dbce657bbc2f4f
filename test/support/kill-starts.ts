import { existsSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { openDatabase } from '../../src/database/data-source.js';
import { schema } from '../../src/schema.js';
import { seeded } from './bytes.js';
import { command } from './command.js';
import { freshPlace, isSqlite } from './database.js';
import type { Place } from './database.js';
import { program, readyMs, spawnedService } from './program.js';
import type { Program } from './program.js';

/** From the first touch of the database to the end of the migrations and a little beyond, as measured. */
const migratingMs = isSqlite ? 120 : 250;
const killsEach = 4;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a process that has just entered an SQLite database leaves beside it. */
const entered = (path: string): string | null =>
  existsSync(`${path}.lock.instance`) ? readFileSync(`${path}.lock.instance`, 'utf8') : null;

/** To be called before a start. @returns what waits until that start has begun to work on the database */
const touch = async ({ target }: Place): Promise<() => Promise<void>> => {
  if (target.kind === 'sqlite') {
    const { path } = target;
    const [isNew, before] = [!existsSync(path), entered(path)];
    return async () => {
      while (isNew ? !existsSync(path) : entered(path) === before) await pause(1);
    };
  }
  const client = new Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
  await client.connect();
  const { rows: began } = await client.query<{ now: string }>(
    'SELECT clock_timestamp()::text AS now',
  );
  const connected = `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND backend_start > $2::timestamptz`;
  const name = new URL(target.url).pathname.slice(1);
  return async () => {
    while ((await client.query(connected, [name, began[0]?.now])).rowCount === 0) await pause(1);
    await client.end();
  };
};

const hasMigrated = ({ log }: Program): boolean => log.events('database.migrated').length > 0;

/** The schema is whole, and the service does what it is for. */
const expectUsable = async (service: Awaited<ReturnType<typeof spawnedService>>) => {
  const { place, given } = service;
  const dataSource = await openDatabase(place.target, schema, 1);
  const { upQueries, downQueries } = await dataSource.driver.createSchemaBuilder().log();
  await dataSource.destroy();
  expect([...upQueries, ...downQueries].map(({ query }) => query)).toEqual([]);
  await given.archive();
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ code: 0 });
  expect(await command(['verify'], { place })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^1 archives, .* 0 findings/),
  });
};

/**
 * First starts on empty databases, each killed some times in the midst of its migrations or a little later, and then
 * let through. @returns how many were killed before their migrations were over
 */
export const killedFirstStarts = async (seed: number, databases: number): Promise<number> => {
  const random = seeded(seed);
  let cut = 0;
  for (let round = 0; round < databases; round += 1) {
    const place = await freshPlace();
    for (let kill = 0; kill < killsEach; kill += 1) {
      const touched = await touch(place);
      const starting = await program(['serve'], {}, place);
      await touched();
      // The first of them in the midst of it, whatever the machine's pace.
      await pause(random(kill === 0 ? 10 : migratingMs));
      starting.kill('SIGKILL');
      await starting.ended;
      if (!hasMigrated(starting)) cut += 1;
    }
    await expectUsable(await spawnedService({}, place));
  }
  return cut;
};

/**
 * Two first starts at once on an empty database, one of which is killed; the other one goes on, or, on SQLite, has left
 * the database to the one that lived then.
 */
export const oneOfTwoFirstStartsKilled = async (seed: number): Promise<void> => {
  const random = seeded(seed);
  const place = await freshPlace();
  const touched = await touch(place);
  const [one, two] = await Promise.all([
    program(['serve'], {}, place),
    program(['serve'], {}, place),
  ]);
  await touched();
  await pause(random(migratingMs));
  one.kill('SIGKILL');
  const left = await Promise.race([two.log.event('service.ready', readyMs), two.ended]);
  if ('stderr' in left) {
    expect({ isSqlite, ...left }).toMatchObject({
      isSqlite: true,
      code: 1,
      stderr: expect.stringContaining('Another process already serves'),
    });
  }
  two.kill('SIGTERM');
  await Promise.all([one.ended, two.ended]);
  await expectUsable(await spawnedService({}, place));
};
