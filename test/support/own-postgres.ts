import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterFile } from './cleaning.js';
import type { Place } from './database.js';
import { eventually } from './eventually.js';
import { binFolders, freePort, ids, initialise, reachable } from './postgres-server.js';
import { tempFolder } from './temp-folder.js';

/** A PostgreSQL of the story's own, which it may stop and start: the shared one serves other stories. */
export interface OwnPostgres {
  readonly place: Place;
  /** Ends it. @param how `fast` tells its clients good-bye, `immediate` is a crash */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** On the same port, with the same data. Resolves when it answers. */
  start(): Promise<void>;
}

/** Without a program to start there is only the server that TEST_DATABASE_URL names, and that is not ours to stop. */
export const mayOwnPostgres = binFolders().length > 0;

const signals = { fast: 'INT', immediate: 'QUIT' } as const;

/** As in postgres-server.ts: the server ends with this process, however that ends. */
const keeper = '"$0" "$@" >/dev/null 2>&1 & read -r how; kill -"${how:-QUIT}" $!; wait';

/** Starts it. Gone, with its files, when the file's tests are over. */
export const ownPostgres = async (): Promise<OwnPostgres> => {
  const [dataDir, folder] = [tempFolder(), tempFolder()];
  const { uid, gid } = ids();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const bin = reachable(binFolders()[0] ?? '', folder);
  const password = `own-${process.pid}`;
  initialise(bin, folder, password);
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  let running: ChildProcess | null = null;

  const answers = async (): Promise<void> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const start = async (): Promise<void> => {
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: folder };
    running = spawn(
      'sh',
      [
        ...['-c', keeper, join(bin, 'postgres'), '-D', join(folder, 'data'), '-p', String(port)],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {
        ...ids(),
        cwd: folder,
        env: { TZ: 'UTC', PATH: process.env['PATH'] },
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    );
    await eventually(answers);
  };
  const stop = async (how: keyof typeof signals = 'fast'): Promise<void> => {
    const child = running;
    running = null;
    if (!child) return;
    const ended = once(child, 'exit');
    child.stdin?.end(`${signals[how]}\n`);
    await ended;
  };
  afterFile(() => stop('immediate'));
  await start();
  return { place: { dataDir, databaseUrl: url, target: { kind: 'postgres', url } }, stop, start };
};
