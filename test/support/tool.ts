import { spawn } from 'node:child_process';
import { afterFile } from './cleaning.js';
import type { Ended } from './program.js';

export interface Using {
  /** Nothing of this process's environment but PATH is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What is typed or piped in. */
  readonly stdin?: string | Buffer;
}

/** Runs one of the machine's own programs to its end. @throws Error where there is no such program */
export const tool = (
  name: string,
  args: readonly string[],
  { env = {}, cwd, stdin = '' }: Using = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(name, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'pipe',
      ...(cwd === undefined ? {} : { cwd }),
    });
    afterFile(() => child.kill('SIGKILL'));
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // It may not want what is piped in.
    child.stdin.on('error', () => undefined).end(stdin);
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
