import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The real program in a process of its own, for the demonstration and the measurements. */
export interface RunningService {
  readonly url: string;
  readonly pid: number;
  /** The secret of the one-time set-up link; null where the first admin came from the environment. */
  readonly setupToken: string | null;
  /** SIGTERM, and waits until the process is gone. */
  stop(): Promise<void>;
}

/** The same flags as `npm start`. */
const flags = ['--single-threaded-gc', '--no-incremental-marking', '--max-semi-space-size=2'];

/** A built service, and the Node that runs it. */
export interface Build {
  readonly node: string;
  readonly program: string;
}

const thisBuild: Build = { node: process.execPath, program: join(__dirname, '../src/cli.js') };
const readyWithinMs = 30_000;
const stoppedWithinMs = 15_000;

type LogLine = Readonly<Partial<Record<'event' | 'url' | 'link', string>>>;

const parsed = (line: string): LogLine =>
  line.startsWith('{') ? (JSON.parse(line) as LogLine) : {};

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

const stop = async (child: ChildProcess): Promise<void> => {
  // Never started: there is nothing to wait for.
  if (child.pid === undefined) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), stoppedWithinMs);
  child.kill('SIGTERM');
  await ended(child);
  clearTimeout(timer);
};

/** Reads the log until the service says that it is ready. @throws Error with the log where it never does */
const untilReady = (child: ChildProcess): Promise<{ url: string; setupToken: string | null }> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    let setupToken: string | null = null;
    const fail = (what: string): void => reject(new Error([what, ...said].join('\n')));
    const timer = setTimeout(() => fail('The service was not ready in time:'), readyWithinMs);
    const read = (line: string): void => {
      said.push(line);
      const { event, url, link } = parsed(line);
      if (event === 'setup.link') setupToken = link?.split('#')[1] ?? null;
      if (event !== 'service.ready' || url === undefined) return;
      clearTimeout(timer);
      resolve({ url, setupToken });
    };
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', read);
    child.once('error', (cause) => fail(cause.message));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`The service ended with ${code ?? 'a signal'} before it was ready:`);
    });
  });

/**
 * Starts `serve` on a free port of this machine alone, and resolves when it listens.
 * @param folder working directory and DATA_DIR; nothing outside of it is read or written
 * @param env besides PATH, the service's whole environment
 * @param build the one that this file belongs to, unless it is given
 */
export const startService = async (
  folder: string,
  env: Readonly<Record<string, string>> = {},
  { node, program }: Build = thisBuild,
): Promise<RunningService> => {
  const child = spawn(node, [...flags, program, 'serve'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: join(folder, 'data'),
      SHUTDOWN_GRACE: '5',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Whatever ends this process takes the service with it.
  const kill = (): boolean => child.kill();
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  try {
    const { url, setupToken } = await untilReady(child);
    return { url, pid: child.pid ?? 0, setupToken, stop: () => stop(child) };
  } catch (cause) {
    await stop(child);
    throw cause;
  }
};

/** Gives `work` a folder of its own and removes it whatever comes, also on Ctrl-C. */
export const inScratchFolder = async <Result>(
  prefix: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> => {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  // The interrupted service may be writing for a moment still.
  const remove = (): void =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  const interrupted = (): void => {
    remove();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work(folder);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    remove();
  }
};
