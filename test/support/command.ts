import { spawn } from 'node:child_process';
import { freshPlace } from './database.js';
import type { Place } from './database.js';
import type { Ended } from './program.js';
import { compileCache, programPath } from './program-build.js';
import { testEnv } from './service.js';

export interface Commanding {
  readonly env?: Readonly<Record<string, string>>;
  readonly place?: Place;
  /** What is typed or piped in. */
  readonly stdin?: string;
  /** Another build of the program. */
  readonly path?: string;
}

const flags = ['--single-threaded-gc', '--no-incremental-marking', '--max-semi-space-size=2'];

/** Runs an operator's command to its end: `logs-collector <args>`. */
export const command = async (
  args: readonly string[],
  { env = {}, place, stdin = '', path = programPath }: Commanding = {},
): Promise<Ended> => {
  const where = place ?? (await freshPlace());
  const child = spawn(process.execPath, [...flags, path, ...args], {
    cwd: where.dataDir,
    env: { PATH: process.env['PATH'], ...compileCache, ...testEnv(where), ...env },
    stdio: 'pipe',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that takes no input may have closed it.
  child.stdin.on('error', () => undefined).end(stdin);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
};
