import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { command } from '../support/command.js';
import { freshPlace, isSqlite } from '../support/database.js';
import type { Place } from '../support/database.js';
import { olderNode } from '../support/older-node.js';
import { programPath } from '../support/program-build.js';

/** The last line of a start that comes to nothing: the others are of the log, on standard output. */
const refusalOf = async (env: Readonly<Record<string, string>>, place?: Place): Promise<string> => {
  const { code, stderr } = await command(['serve'], { env, ...(place && { place }) });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  return stderr;
};

it('an older Node.js is refused in one sentence, before anything is loaded that would crash it', async () => {
  const { code, stdout, stderr } = await command(['serve'], { env: olderNode() });
  expect(stderr).toMatch(/^Logs Collector needs Node\.js 24, .* and this is 20\.20\.2: .*\.\n$/);
  expect(code).toBe(1);
  const folder = dirname(programPath);
  const loaded = ['cli.js', 'commands/supported-node.js'].map((name) => join(folder, name));
  expect(stdout.trim().split('\n')).toEqual(loaded);
});

if (isSqlite)
  it.each([
    ['work', ['work']],
    ['serve --no-jobs', ['serve', '--no-jobs']],
  ])('"%s" is refused on SQLite, which one process owns', async (name, args) => {
    const place = await freshPlace();
    const { code, stdout, stderr } = await command(args, { place });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `"${name}" needs PostgreSQL: an SQLite database belongs to one process, which serves and works; run "serve"\n`,
    );
    expect(readdirSync(place.dataDir)).toEqual([]);
  });

describe('a start that cannot be made names the variable, what it holds and what it may hold:', () => {
  it.each(['/etc/passwd/x', '/proc/x'])('DATA_DIR=%s', async (folder) => {
    const said = await refusalOf({ DATA_DIR: folder, SECRET_KEY: '' });
    expect(said).toMatch(
      /^DATA_DIR holds "\S+", which cannot be used \(ENO\S+: .*\); it may hold the path of a folder /,
    );
    expect(said).toContain(`"${folder}"`);
  });

  it.each(['nosuchhost.invalid', '203.0.113.7'])('HOST=%s', async (host) => {
    expect(await refusalOf({ HOST: host })).toMatch(
      /^HOST holds "\S+", where this machine does not listen \(.*\); it may hold an IP address /,
    );
  });

  it('PORT, where another process listens', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const said = await refusalOf({ HOST: '127.0.0.1', PORT: String(port) });
    expect(said).toMatch(
      /^PORT holds \d+, which another process listens on \(.*\); it may hold a port that is free/,
    );
    other.close();
  });

  it('DATABASE_URL, where no database can be', async () => {
    const sqlite = await refusalOf({ DATABASE_URL: 'sqlite:/proc/x/y.sqlite' });
    expect(sqlite).toMatch(
      /^The database \/proc\/x\/y\.sqlite cannot be opened .*; .* DATABASE_URL says where it is$/m,
    );
    expect(await refusalOf({ DATABASE_URL: 'sqlite::memory:' })).toMatch(
      /^DATABASE_URL holds a secret of another form; it may hold "sqlite:<path of a file>" or /,
    );
  });

  // SQLite has neither.
  if (!isSqlite)
    it('DATABASE_URL, whose database or password is not right', async () => {
      const place = await freshPlace();
      const url = new URL(place.databaseUrl);
      for (const part of ['pathname', 'password'] as const) {
        const other = new URL(url);
        other[part] = 'nosuch';
        const said = await refusalOf({ DATABASE_URL: other.href }, place);
        expect(said).toMatch(
          /^DATABASE_URL holds "postgres(ql)?:\/\/…@\S+", where the database cannot be used \(.*(nosuch|password).*\); it may hold /,
        );
        if (url.password) expect(said).not.toContain(url.password);
      }
    });
});
