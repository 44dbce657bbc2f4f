import { join } from 'node:path';
import { Client } from 'pg';
import { noise, sha256Of } from '../support/bytes.js';
import { unusedAgain } from '../support/codes.js';
import { command } from '../support/command.js';
import { postgresPlace, sqlitePlace } from '../support/database.js';
import type { Place } from '../support/database.js';
import { download } from '../support/download.js';
import { placeDump } from '../support/dump.js';
import { eventually } from '../support/eventually.js';
import type { Ended } from '../support/program.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { npxFolder, run, shellBlocks } from '../support/shell-blocks.js';
import { tempFolder } from '../support/temp-folder.js';
import { tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import { schema } from '../../src/schema.js';

const tableCount = Object.values(schema.entities).length;

const copied = (from: Place, to: Place, env: Readonly<Record<string, string>> = {}) =>
  command(['copy-database', to.databaseUrl], { place: from, env });

type Copied = Pick<Ended, 'code' | 'stdout'>;

/** As the operations page says it: backed up before, and verified after. */
const copiedByTheBook = async (from: Place, to: Place): Promise<Copied> => {
  const blocks = shellBlocks('docs/operations.md', 'sh postgres');
  expect(blocks).toHaveLength(1);
  const { code, output } = await run(blocks.join('\n'), {
    PATH: `${npxFolder()}:${process.env['PATH'] ?? ''}`,
    DATA_DIR: from.dataDir,
    BACKUPS: join(tempFolder(), 'backups'),
    NEW_DATABASE_URL: to.databaseUrl,
  });
  expect(output).toMatch(/^1 archives, 300000 bytes, 0 findings$/m);
  expect(output).toMatch(/ 0 findings\nhead /);
  return { code: code as number, stdout: output };
};

/** The lines of the tables: name, rows, digest. */
const tables = ({ stdout }: Copied): readonly string[][] =>
  stdout.split('\n').flatMap((line) => (line.includes('\t') ? [line.split('\t')] : []));

const rowsOf = async (place: Place): Promise<number> => {
  const dumped = JSON.parse(await placeDump(place)) as [string, unknown[]][];
  const own = ['migrations', 'sqlite_sequence'];
  return dumped.flatMap(([name, rows]) => (own.includes(name) ? [] : rows)).length;
};

/** A person beside the service, with a connection of their own to the target. */
const onTarget = async (place: Place): Promise<Client> => {
  const client = new Client({ connectionString: place.databaseUrl });
  await client.connect();
  return client;
};

const filled = async (place: Place) => {
  const service = await startedService({}, place);
  const { given } = service;
  const ann = await given.engineer('Ännchen');
  const platform = await given.platform({ quotaBytes: 2 ** 52, retentionDays: 30 });
  const note = 'a line\u2028and another,\n\ttabs, "quotes", \\, ключ и 🔑';
  const { number, token } = await given.ticket({ platform, note, attempts: 3 });
  const bytes = noise(300_000);
  const { id } = await given.archive({ bytes, name: 'журнал.tgz' }, token);
  expect(await upload(service.url, token, { bytes: '' })).toMatchObject({ status: 422 });
  const { value: key } = await given.apiKey(['tickets:read', 'archives:read']);
  const half = tus(service.url, token);
  const path = await half.begun({ length: bytes.length });
  await half.patch(path, 0, bytes.subarray(0, 100_000));
  await ann.api.post('/auth/login').send({ username: 'nobody', password: 'wrong' }).expect(401);
  await unusedAgain(service, ann.account);
  await service.stop();
  const [{ head } = { head: '' }] = service.log.events('audit.head').slice(-1);
  return { ...{ ann, number, note, token, bytes, path, key }, id: String(id), head: String(head) };
};

/** Everything of the source is there, and the service goes on with it. */
const expectMoved = async (
  service: TestService,
  had: Awaited<ReturnType<typeof filled>>,
): Promise<void> => {
  const { account } = had.ann;
  const api = service.given.stranger();
  const { username, password } = account;
  const signedIn = await api.post('/auth/login').send({ username, password }).expect(200);
  expect(signedIn.body).toMatchObject({ aal: 1, secondFactor: 'verify' });
  await api
    .post('/auth/totp/verify')
    .send({ code: await account.code() })
    .expect(200);
  expect(sha256Of((await download(api, had.id)).body as Buffer)).toBe(sha256Of(had.bytes));
  const byKey = service.given.stranger().set('Authorization', `Bearer ${had.key}`);
  const ticket = await byKey.get(`/tickets/${had.number}`).expect(200);
  expect(ticket.body).toMatchObject({ note: had.note, archives: { count: 1, bytes: 300_000 } });
  // Where it was, and with the attempt that it has.
  const { offset, patch } = tus(service.url, had.token);
  expect(await tokenState(service.url, had.token)).toMatchObject({ attemptsLeft: 1 });
  expect(await offset(had.path)).toBe(100_000);
  expect(await patch(had.path, 100_000, had.bytes.subarray(100_000))).toMatchObject({
    status: 204,
  });
  expect(await upload(service.url, had.token)).toMatchObject({ status: 201 });
  const { place } = service;
  expect(await command(['verify'], { place })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('3 archives,'),
  });
  await eventually(async () =>
    expect(await command(['audit', 'verify', '--head', had.head], { place })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/, 0 not sealed yet, 0 findings\n/),
    }),
  );
};

it.each([
  [
    ...(['SQLite to PostgreSQL', copiedByTheBook] as const),
    () => sqlitePlace(),
    (dataDir: string) => postgresPlace(dataDir),
  ],
  [
    ...(['PostgreSQL to SQLite', copied] as const),
    () => postgresPlace(),
    (dataDir: string) => sqlitePlace(dataDir),
  ],
])('a service goes on after its move from %s', async (_name, copy, first, second) => {
  const from = await first();
  const had = await filled(from);
  const to = await second(from.dataDir);
  const done: Copied = await copy(from, to);
  expect(done).toMatchObject({ code: 0 });
  const lines = tables(done);
  expect(lines).toContainEqual(['archives', '1', expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(lines).toContainEqual(['tickets', '1', expect.any(String)]);
  expect(lines).toContainEqual(['uploads', '1', expect.any(String)]);
  expect(lines).toHaveLength(tableCount);
  const rows = lines.reduce((sum, [, count]) => sum + Number(count), 0);
  expect(done.stdout).toContain(
    `\ncopied ${rows} rows of ${tableCount} tables, read back the same. `,
  );
  expect(await rowsOf(to)).toBe(rows);

  const service = await startedService({}, to);
  expect(service.log.events('database.migrated')).toEqual([]);
  await expectMoved(service, had);
  await service.stop();
});

describe('a copy that comes to nothing leaves the target empty:', () => {
  let source: Place;
  let target: Place;
  let client: Client;
  beforeAll(async () => {
    source = sqlitePlace();
    const service = await startedService({}, source);
    await service.given.archive();
    await service.stop();
    target = await postgresPlace();
    expect(await command(['migrate'], { place: target })).toMatchObject({ code: 0 });
    client = await onTarget(target);
  });
  afterAll(() => client.end());

  /** What the database does with each row of a table that comes. */
  const beforeEachRow = (table: string, does: string) =>
    client.query(
      `CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${does}; RETURN NEW; END $$;
       CREATE TRIGGER meddle BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION meddle()`,
    );

  const expectNothingCopied = async ({ code, stdout, stderr }: Ended, why: RegExp) => {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(why);
    expect(await rowsOf(target)).toBe(0);
    await client.query('DROP FUNCTION meddle() CASCADE');
  };

  it('the connection breaks in the middle', async () => {
    await beforeEachRow('archives', 'PERFORM pg_advisory_xact_lock(4242)');
    await client.query('SELECT pg_advisory_lock(4242)');
    const copying = copied(source, target);
    await eventually(async () => {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO "archives"%'`,
      );
      expect(rowCount).toBe(1);
    });
    await expectNothingCopied(
      await copying,
      /^Nothing was copied, and the target has the tables and no rows: copying archives failed \(.+\)/,
    );
  });

  it('a service begins on the source meanwhile, as a replica may on PostgreSQL', async () => {
    const served = await postgresPlace();
    const before = await startedService({}, served);
    await before.given.archive();
    await before.stop();
    await beforeEachRow('archives', 'PERFORM pg_advisory_xact_lock(4243)');
    await client.query('SELECT pg_advisory_lock(4243)');
    const copying = copied(served, target);
    await eventually(async () => {
      const { rowCount } = await client.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(rowCount).toBe(1);
    });
    const service = await startedService({}, served);
    await client.query('SELECT pg_advisory_unlock(4243)');
    await expectNothingCopied(await copying, /^A service runs on the source database; /);
    await service.stop();
  });

  it('the target takes a row and keeps another one', async () => {
    await beforeEachRow('tickets', `NEW.note := 'other'`);
    await expectNothingCopied(
      await copied(source, target),
      /^Nothing was copied: tickets was read back from the target otherwise than it was written/,
    );
  });

  it('the target does not take a row', async () => {
    await beforeEachRow('upload_tokens', `RAISE EXCEPTION 'not this one'`);
    await expectNothingCopied(
      await copied(source, target),
      /: copying upload_tokens failed \(not this one\)/,
    );
  });

  it('and nothing, after which it is made', async () => {
    expect(await copied(source, target)).toMatchObject({ code: 0, stderr: '' });
  });
});
