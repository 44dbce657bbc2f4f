import { spawn } from 'node:child_process';
import { afterFile } from './cleaning.js';
import { freshPlace } from './database.js';
import type { Place } from './database.js';
import { Given } from './given.js';
import { Lines } from './lines.js';
import { compileCache, programPath } from './program-build.js';
import { testEnv } from './service.js';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly place: Place;
  readonly log: Lines;
  readonly pid: number;
  /** Everything it wrote to standard error so far. */
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>;
}

const flags = ['--single-threaded-gc', '--no-incremental-marking', '--max-semi-space-size=2'];

/**
 * Runs the program as an operator does, in a process of its own: `logs-collector <args>`.
 * @param under a command that runs it, and becomes it: it keeps the process's id
 * @param path another build of the program
 */
export const program = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  place?: Place,
  under: readonly string[] = [],
  path = programPath,
): Promise<Program> => {
  const where = place ?? (await freshPlace());
  const [name = '', ...rest] = [...under, process.execPath, ...flags, path, ...args];
  const child = spawn(name, rest, {
    cwd: where.dataDir,
    // Not where its system calls are looked at: the cache is written at the end.
    env: {
      PATH: process.env['PATH'],
      ...(under.length > 0 ? {} : compileCache),
      ...testEnv(where),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new Lines();
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => log.write(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout: log.text, stderr }));
  });
  afterFile(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return {
    place: where,
    log,
    pid: child.pid ?? 0,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    ended,
  };
};

/** On a machine that does much else, too. */
export const readyMs = 60_000;

/** The service in a process of its own, for tests that kill it. Resolves when it listens. */
export const spawnedService = async (
  env: Readonly<Record<string, string>> = {},
  place?: Place,
  under: readonly string[] = [],
  path = programPath,
  args: readonly string[] = ['serve'],
): Promise<Program & { readonly url: string; readonly given: Given }> => {
  const started = await program(args, env, place, under, path);
  const died = started.ended.then(({ code, stdout, stderr }) => {
    throw new Error(`the service ended with ${code} before it was ready:\n${stdout}\n${stderr}`);
  });
  died.catch(() => undefined);
  const { url } = await Promise.race([started.log.event('service.ready', readyMs), died]);
  return { ...started, url: String(url), given: new Given(String(url)) };
};
