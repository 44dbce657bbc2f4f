import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterFile } from './cleaning.js';
import type { Place } from './database.js';
import { freshPlace } from './database.js';
import { describeUnless, lackOf, toleratedOutsideCi } from './left-out.js';
import type { Lack } from './left-out.js';
import { spawnedService } from './program.js';
import { tempFolder } from './temp-folder.js';

/** Longer texts are cut by strace: the reserve file's alone are. */
const mostBytes = 256 * 1024;

/** What changes files or answers somebody; a question mark: not every processor has it. */
const traced = [
  ...['?open', 'openat', '?creat', 'write', 'writev', 'pwrite64', 'pwritev', '?pwritev2'],
  ...['sendto', 'sendmsg', 'fsync', 'fdatasync', '?sync_file_range', 'ftruncate', '?truncate'],
  ...['?rename', 'renameat', 'renameat2', '?link', 'linkat', '?unlink', 'unlinkat'],
  ...['?mkdir', 'mkdirat', '?rmdir', 'copy_file_range', 'sendfile', 'fallocate'],
];

/** One call of a process to the system, which succeeded. Its moments are lines of the trace. */
export interface SystemCall {
  readonly name: string;
  /** Of its descriptor, then those of its arguments, in their order; sockets are `socket:[…]`. */
  readonly paths: readonly string[];
  /** What it wrote or said. */
  readonly bytes: Buffer;
  /** Whether strace kept all of them. */
  readonly isWhole: boolean;
  /** As strace writes them, for flags and numbers. */
  readonly args: string;
  readonly result: number;
  readonly began: number;
  readonly ended: number;
}

const escapes = /(?:\\x[0-9a-f]{2})+/g;
const decoded = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');
const readable = (text: string): string =>
  text.replace(escapes, (bytes) => decoded(bytes).toString('utf8'));

const writes = /^(write|writev|pwrite64|pwritev2?|sendto|sendmsg)$/;

const callOf = (
  name: string,
  args: string,
  result: number,
  began: number,
  ended: number,
): SystemCall => {
  const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)];
  const folders = [...args.matchAll(/(?:\d+|AT_FDCWD)<([^>]*)>/g)].map(([, path = '']) =>
    readable(path),
  );
  const isWrite = writes.test(name);
  const named = texts.map(([, text = '']) => decoded(text).toString('utf8'));
  return {
    name,
    // `openat` and its like name a folder that a relative path begins at.
    paths:
      isWrite || named.length === 0
        ? folders
        : named.map((path, at) => resolve(folders[at] ?? folders[0] ?? '/', path)),
    bytes: isWrite ? Buffer.concat(texts.map(([, text = '']) => decoded(text))) : Buffer.of(),
    isWhole: texts.every(([, , more]) => more === undefined),
    args: args.replace(/"[^"]*"/g, '""'),
    result,
    began,
    ended,
  };
};

/** The calls that succeeded, in the order in which they ended. */
const callsIn = (trace: string): SystemCall[] => {
  const open = new Map<
    string,
    { readonly name: string; readonly args: string; readonly began: number }
  >();
  const calls: SystemCall[] = [];
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/s.exec(rest);
    const begun = /^(\w+)\((.*)$/s.exec(rest);
    const before = resumed ? open.get(thread) : undefined;
    const name = before?.name ?? begun?.[1];
    if (name === undefined) continue;
    const args = (before?.args ?? '') + (resumed?.[2] ?? begun?.[2] ?? '');
    const began = before?.began ?? at;
    if (args.endsWith('<unfinished ...>')) {
      open.set(thread, { name, args: args.slice(0, -'<unfinished ...>'.length), began });
      continue;
    }
    const end = args.lastIndexOf(') ');
    const result = Number(/= (-?\d+)/.exec(args.slice(end))?.[1] ?? -1);
    if (result >= 0) calls.push(callOf(name, args.slice(0, end), result, began, at));
  }
  return calls;
};

const lackOfTracing = (): Lack => {
  if (process.env['TEST_WITHOUT_STRACE'])
    return 'needs strace, and TEST_WITHOUT_STRACE leaves that out';
  const lack = lackOf('strace');
  if (lack !== null) return toleratedOutsideCi(lack);
  const { status } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
  return status === 0
    ? null
    : toleratedOutsideCi(
        'needs strace, which may not trace here (docker run --cap-add=SYS_PTRACE)',
      );
};

/** CI without strace fails, unless it says so by TEST_WITHOUT_STRACE. */
export const describeTraced = describeUnless(lackOfTracing());

export type TracedService = Awaited<ReturnType<typeof spawnedService>> & {
  /** Stops the service as an operator does, and reads what it asked of the system. */
  calls(): Promise<SystemCall[]>;
};

/** The real program, and what it asks of the system from its first moment on. */
export const tracedService = async (
  env: Readonly<Record<string, string>> = {},
  place?: Place,
): Promise<TracedService> => {
  const log = join(tempFolder(), 'trace');
  // -D: the program stays our child. Its file system calls must not take a way (io_uring) that strace does not see.
  const strace = [
    ...['strace', '-D', '-f', '--seccomp-bpf', '-y', '-xx', '-s', String(mostBytes)],
    ...['-e', `trace=${traced.join(',')}`, '-o', log],
  ];
  const service = await spawnedService(
    { ...env, UV_USE_IO_URING: '0' },
    place ?? (await freshPlace()),
    strace,
  );
  return {
    ...service,
    calls: async () => {
      service.kill('SIGTERM');
      // Its output is closed by strace, too, whose log is whole then.
      await service.ended;
      return callsIn(readFileSync(log, 'latin1'));
    },
  };
};

/** Makes each sync of a file fail, as a dying disk does. @returns what ends that */
export const failingSyncs = async (pid: number, path: string): Promise<() => Promise<void>> => {
  const fault = [
    '-P',
    path,
    '-e',
    'trace=fsync,fdatasync',
    '-e',
    'inject=fsync,fdatasync:error=EIO',
  ];
  const strace = spawn('strace', ['-f', '-p', String(pid), ...fault], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = once(strace, 'close');
  const end = async (): Promise<void> => {
    strace.kill('SIGINT');
    await gone;
  };
  afterFile(end);
  let said = '';
  strace.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  while (!said.includes('attached'))
    await Promise.race([
      once(strace.stderr, 'data'),
      gone.then(() => Promise.reject(new Error(said))),
    ]);
  return end;
};
