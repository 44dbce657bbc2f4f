import {
  accessSync,
  constants,
  copyFileSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { run, say } from './demo-shell.js';

const machineLogs = '/var/log';
/** Less than this is no demonstration, more only takes time. */
const leastBytes = 64 * 1024;
const mostBytes = 64 * 1024 * 1024;

interface LogFile {
  readonly path: string;
  readonly bytes: number;
}

const readable = (path: string): LogFile[] => {
  try {
    accessSync(path, constants.R_OK);
    const { size } = statSync(path);
    return size > 0 ? [{ path, bytes: size }] : [];
  } catch {
    return [];
  }
};

/** What this user may read; folders that are closed to it are passed over. */
const filesOf = (folder: string): LogFile[] => {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(path) : entry.isFile() ? readable(path) : [];
    });
  } catch {
    return [];
  }
};

/** Copies them first, because a log grows while it is packed. Returns how many bytes there are. */
const copyMachineLogs = (target: string): number => {
  let copied = 0;
  for (const { path, bytes } of filesOf(machineLogs)) {
    if (copied + bytes > mostBytes) continue;
    const copy = join(target, relative(machineLogs, path));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(path, copy);
    copied += bytes;
  }
  return copied;
};

const levels = ['INFO', 'INFO', 'INFO', 'DEBUG', 'WARN', 'ERROR'];
const happenings = [
  'connection accepted from 10.0.4.17',
  'backup job finished',
  'retrying request, upstream answered 503',
  'cache miss for key session',
  'disk latency above threshold on /dev/sdb',
];

/** Lines as a service writes them, the same at each run. */
const writeMadeUpLogs = async (target: string): Promise<void> => {
  const file = createWriteStream(join(target, 'backup-server.log'));
  for (let line = 0; line < 200_000; line += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + line * 431).toISOString();
    const level = levels[(line * 7) % levels.length] ?? '';
    const what = happenings[(line * 13) % happenings.length] ?? '';
    file.write(
      `${at} ${level} [worker-${line % 16}] ${what} (${line}, ${(line * 37) % 1009} ms)\n`,
    );
  }
  file.end();
  await finished(file);
};

/** Packs real logs where the machine has some, else made-up ones, and returns the archive's path. */
export const packLogs = async (folder: string): Promise<string> => {
  const collected = join(folder, 'collected');
  mkdirSync(collected);
  if (copyMachineLogs(collected) >= leastBytes)
    say(`The customer packs their logs: copies of the files in ${machineLogs}`);
  else {
    await writeMadeUpLogs(collected);
    say('The customer packs their logs: made-up ones, since this machine has none to read');
  }
  await run(folder, 'tar', ['-czf', 'logs.tgz', 'collected']);
  return join(folder, 'logs.tgz');
};
