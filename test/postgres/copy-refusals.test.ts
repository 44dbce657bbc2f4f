import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { PeriodicRunner } from '../../src/jobs/periodic-runner.js';
import { command } from '../support/command.js';
import { freshPlace, postgresPlace, sqlitePlace } from '../support/database.js';
import type { Place } from '../support/database.js';
import { program } from '../support/program.js';
import { startedService } from '../support/service.js';

const copied = (from: Place, to: Place, env: Readonly<Record<string, string>> = {}) =>
  command(['copy-database', to.databaseUrl], { place: from, env });

describe('a copy is refused', () => {
  let source: Place;
  beforeAll(async () => {
    source = sqlitePlace();
    const service = await startedService({}, source);
    await service.given.archive();
    await service.stop();
  });

  it('where a service runs on either, and leaves both as they are', async () => {
    const target = await freshPlace();
    // A start without an admin leaves settings alone, which are none of the copy's.
    const key = { SECRET_KEY: 'the key of both of them, long enough' };
    const bare = { ...key, ADMIN_USERNAME: '', ADMIN_PASSWORD: '' };
    const there = await startedService(bare, target);
    const refused = await copied(source, target, key);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      'A service runs on the target database; stop it, all its processes, and run the copy again\n',
    );
    // As a replica elsewhere that made a key of its own.
    const other = { SECRET_KEY: 'another key than theirs, and long enough' };
    expect((await copied(source, target, other)).stderr).toBe(refused.stderr);
    // What runs by the clock for all processes leaves a row when it was first due.
    const work = {
      name: 'Story.one',
      everyMs: 60_000,
      by: 'one',
      run: () => Promise.resolve(),
    } as const;
    expect(await there.app.get(PeriodicRunner).run(work, new Date())).toBe(true);
    await there.stop();
    const here = await startedService({}, source);
    const served = await copied(source, target);
    expect(served).toMatchObject({ code: 1, stdout: '' });
    expect(served.stderr).toContain(`Another process already serves ${source.dataDir}`);
    await here.stop();
    const again = await startedService({}, target);
    const back = await copied(target, sqlitePlace());
    expect(back.stderr).toMatch(/^A service runs on the source database; /);
    await again.stop();
    const used = await copied(source, target);
    expect(used).toMatchObject({ code: 1, stdout: '' });
    expect(used.stderr).toMatch(/^The target database is not empty \(it has .*\busers\b.*\n$/);
  });

  it('where the target has tables of somebody else, and makes none beside them', async () => {
    const target = await postgresPlace();
    const client = new Client({ connectionString: target.databaseUrl });
    await client.connect();
    await client.query('CREATE TABLE orders (id integer); CREATE TABLE "Order lines" (id integer)');
    const refused = await copied(source, target);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      'The target database is not empty (it has Order lines, orders); the copy goes into an empty one\n',
    );
    const made = `SELECT 1 FROM pg_tables WHERE schemaname = 'public'`;
    expect((await client.query(made)).rowCount).toBe(2);
    await client.end();
    const file = sqlitePlace();
    const database = new Database(file.target.kind === 'sqlite' ? file.target.path : '');
    database.exec('CREATE TABLE sqlites (id integer)');
    database.close();
    expect((await copied(source, file)).stderr).toMatch(/not empty \(it has sqlites\)/);
  });

  it('where it is not clear from where to where', async () => {
    const target = await postgresPlace();
    const { databaseUrl } = target;
    const refusal = async (args: readonly string[], env: Record<string, string> = {}) => {
      const { code, stderr } = await command(['copy-database', ...args], { place: source, env });
      expect(code).toBe(1);
      return stderr;
    };
    expect(await refusal([])).toMatch(/^Say where to copy the database to: .*TARGET_DATABASE_URL/);
    expect(await refusal([databaseUrl], { TARGET_DATABASE_URL: databaseUrl })).toMatch(
      /^Say where/,
    );
    const wrong = await refusal(['mysql://root:hidden@localhost/logs']);
    expect(wrong).toMatch(/^The argument holds a database's address of another form; it may hold /);
    expect(wrong).not.toContain('hidden');
    expect(
      await refusal([], { TARGET_DATABASE_URL: 'postgres://root:%ZZ@localhost/logs' }),
    ).toMatch(/^TARGET_DATABASE_URL holds a database's address of another form; it may hold /);
    // Nobody listens on port 1; it is not waited for, and one line says so.
    const gone = 'postgres://root:hidden@127.0.0.1:1/logs';
    expect(await refusal([], { TARGET_DATABASE_URL: gone })).toMatch(
      /^TARGET_DATABASE_URL holds "postgres:\/\/…@127\.0\.0\.1:1\/logs", where [^\n]*ECONNREFUSED[^\n]*\n$/,
    );
    expect(await refusal([source.databaseUrl])).toMatch(/^The target is the database that /);
    const nowhere = { DATABASE_URL: 'sqlite:nowhere.sqlite' };
    expect(await refusal([databaseUrl], nowhere)).toMatch(/^There is no database at nowhere/);
    const env = { TARGET_DATABASE_URL: databaseUrl };
    expect(await command(['copy-database'], { place: source, env })).toMatchObject({ code: 0 });
  });

  it('and given up, where it is interrupted while the target does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const url = `postgres://root@127.0.0.1:${port}/logs`;
    const copying = await program(['copy-database', url], {}, source);
    const [socket] = (await once(silent, 'connection')) as [Socket];
    copying.kill('SIGINT');
    expect(await copying.ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Interrupted: nothing was copied\. [^\n]+\n$/),
    });
    socket.destroy();
    silent.close();
  });
});
