import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { commandLine } from './command-line.policy.js';
import type { Runtime, SandboxedProgram, Walls } from './command-line.policy.js';
import { endOf } from './sandbox-end.policy.js';
import type { SandboxEnd } from './sandbox-end.policy.js';

export interface SandboxedRun {
  /** Holds back with the program's reading. Writing to a program that has ended is no error: `ended` tells. */
  readonly input: Writable;
  /** Holds the program back with the caller's reading; to close it early ends the program. Never fails, and its end says
   *  nothing: believe it once `ended` is `done`. */
  readonly output: Readable;
  /** Never rejects. */
  readonly ended: Promise<SandboxEnd>;
}

const errorTextBytes = 8 * 1024;

/** Beside the program in the image. A checkout has none: it is compiled from launcher/sandbox-launcher.c. */
export const installedLauncher = (): string | null => {
  const path = join(__dirname, 'sandbox-launcher');
  return process.platform === 'linux' && existsSync(path) ? path : null;
};

const reservedBytes = (): number => {
  if (process.platform !== 'linux') return 0;
  const mappings = readFileSync('/proc/self/maps', 'latin1').matchAll(
    /^([0-9a-f]+)-([0-9a-f]+) rwxp/gm,
  );
  return [...mappings].reduce(
    (sum, [, from = '', to = '']) => sum + parseInt(to, 16) - parseInt(from, 16),
    0,
  );
};

const thisRuntime = (): Runtime => ({
  node: process.execPath,
  knownFlags: process.allowedNodeEnvironmentFlags,
  reservedBytes: reservedBytes(),
});

/** The permission model compares paths as they are written. */
const withoutLinks = (program: SandboxedProgram): SandboxedProgram => {
  const { path, inputFile, scratch } = program;
  return {
    ...program,
    path: realpathSync(path),
    ...(inputFile === undefined ? {} : { inputFile: realpathSync(inputFile) }),
    ...(scratch === undefined
      ? {}
      : { scratch: { ...scratch, folder: realpathSync(scratch.folder) } }),
  };
};

/** The child leads a group of its own, so that nothing it might have started stays. */
const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
};

/**
 * Runs programs of ours on hostile bytes, in a process that holds no secret: no environment, no descriptors but its
 * pipes, no files but those named, no network, children or workers as far as the walls here stand (walls.ts).
 */
export class Sandbox {
  constructor(
    private readonly walls: Walls = { launcher: installedLauncher(), permissionModel: true },
  ) {}

  /** @throws if a path does not exist or cannot be granted */
  run(program: SandboxedProgram, signal?: AbortSignal): SandboxedRun {
    const { limits } = program;
    const command = commandLine(withoutLinks(program), this.walls, thisRuntime());
    const child = spawn(command.file, command.arguments, {
      env: {},
      cwd: '/',
      detached: true,
      stdio: 'pipe',
    });

    let stopped: SandboxEnd | null = null;
    let bytesLeft = limits.outputBytes;
    let errorText = Buffer.alloc(0);
    const stop = (end: SandboxEnd): void => {
      if (stopped) return;
      stopped = end;
      killGroup(child);
      // What a caller does not read must not keep the run from ending.
      child.stdout.unpipe(output);
      child.stdout.destroy();
      output.end();
    };
    const spend = (bytes: number): boolean => {
      bytesLeft -= bytes;
      if (bytesLeft < 0) stop({ kind: 'too-much-output' });
      return bytesLeft >= 0;
    };
    const output = new Transform({
      transform: (chunk: Buffer, _encoding, give) =>
        spend(chunk.length) ? give(null, chunk) : give(),
    });
    child.stdout.pipe(output);
    child.stderr.on('data', (chunk: Buffer) => {
      spend(chunk.length);
      errorText = Buffer.concat([errorText, chunk]).subarray(-errorTextBytes);
    });
    // A pipe whose other side is gone. The end of the process says more.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on('error', () => {});

    const abort = (): void => stop({ kind: 'aborted' });
    const timer = setTimeout(() => stop({ kind: 'out-of-time', which: 'wall' }), limits.wallMs);
    const ended = new Promise<SandboxEnd>((resolve) => {
      child.once('error', ({ message }) => stop({ kind: 'not-started', reason: message }));
      child.once('exit', () => killGroup(child));
      child.once('close', (exitCode, exitSignal) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        const exit = { exitCode, signal: exitSignal, errorText: errorText.toString() };
        stopped ??= endOf(exit);
        resolve(stopped);
      });
    });
    output.once('close', () => {
      if (!output.readableEnded) abort();
    });
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    return { input: child.stdin, output, ended };
  }
}
