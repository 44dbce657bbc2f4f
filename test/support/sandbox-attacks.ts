import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type {
  SandboxLimits,
  SandboxedProgram,
  Walls,
} from '../../src/sandbox/command-line.policy.js';
import { Sandbox } from '../../src/sandbox/sandbox.js';
import type { SandboxEnd } from '../../src/sandbox/sandbox-end.policy.js';
import type { SandboxedRun } from '../../src/sandbox/sandbox.js';
import { describeUnless, lackOf } from './left-out.js';
import { programPath } from './program-build.js';
import { tempFolder } from './temp-folder.js';

/** The compiled probe: Jest runs the sources as they are, a sandboxed Node.js cannot. */
export const wallProbe = join(dirname(programPath), '../reader/wall-probe.js');

const sources = join(__dirname, '../../src/sandbox/launcher');

/** @returns path of the binary; null where the machine has no C compiler for Linux */
export const compiled = (source: string): string | null => {
  if (process.platform !== 'linux') return null;
  const binary = join(realpathSync(tempFolder()), 'binary');
  const { error, status, stderr } = spawnSync(
    'gcc',
    ['-O2', '-Wall', '-Wextra', '-Werror', '-o', binary, source],
    { encoding: 'utf8' },
  );
  if (error) return null;
  if (status !== 0) throw new Error(stderr);
  return binary;
};

export const launcher = compiled(join(sources, 'sandbox-launcher.c'));

export const withoutLauncher: Walls = { launcher: null, permissionModel: true };

/** As the image runs programs, as a checkout does, and what the kernel holds without Node's help. */
export const everyBuild: readonly (readonly [string, Walls])[] = [
  ['without the launcher', withoutLauncher],
  ...(launcher === null
    ? []
    : ([
        ['with the launcher', { launcher, permissionModel: true }],
        ['with the launcher alone', { launcher, permissionModel: false }],
      ] as const)),
];

export const describeLauncher = describeUnless(
  launcher === null ? (lackOf('gcc') ?? 'needs Linux') : null,
);

export const roomyLimits: SandboxLimits = {
  memoryMiB: 256,
  processorSeconds: 20,
  wallMs: 60_000,
  outputBytes: 1024 ** 2,
};

type Options = Partial<Omit<SandboxedProgram, 'path' | 'limits'>> & {
  readonly limits?: Partial<SandboxLimits>;
  readonly signal?: AbortSignal;
};

/** Starts the code as a program in a folder of its own. */
export const start = (code: string, walls: Walls, options: Options = {}): SandboxedRun => {
  const path = join(tempFolder(), 'own/attack.js');
  mkdirSync(dirname(path));
  writeFileSync(path, code);
  const { limits, signal, ...rest } = options;
  const program = { path, ...rest, limits: { ...roomyLimits, ...limits } };
  return new Sandbox(walls).run(program, signal);
};

export interface Outcome {
  readonly end: SandboxEnd;
  readonly output: Buffer;
}

export const finish = async ({ output, ended }: SandboxedRun): Promise<Outcome> => {
  const bytes = await buffer(output);
  return { end: await ended, output: bytes };
};

/** What the attack came back with, or the code of the error that stopped it. */
export type Attempt = { readonly got: unknown } | { readonly refused: string };

/**
 * Tries them one after the other in one process.
 * @param attacks bodies of async functions, which return what they got past the wall
 */
export const attempt = async <Name extends string>(
  attacks: Readonly<Record<Name, string>>,
  walls: Walls,
  options: Options = {},
): Promise<Record<Name, Attempt>> => {
  const functions = Object.entries<string>(attacks).map(
    ([name, body]) => `${JSON.stringify(name)}: async () => { ${body} },`,
  );
  const code = `
    const fs = require('node:fs');
    const once = (emitter, name) => new Promise((resolve, reject) =>
      emitter.once(name, resolve).once('error', reject));
    const attempts = {};
    (async () => {
      for (const [name, attack] of Object.entries({ ${functions.join('\n')} }))
        attempts[name] = await attack().then(
          (got) => ({ got: got ?? null }),
          (cause) => ({ refused: String(cause.code ?? cause.message) }),
        );
      process.stdout.write(JSON.stringify(attempts), () => process.exit());
    })();`;
  const { end, output } = await finish(start(code, walls, options));
  if (end.kind !== 'done') throw new Error(`It could not even try: ${JSON.stringify(end)}`);
  return JSON.parse(output.toString()) as Record<Name, Attempt>;
};

export const refused = { refused: expect.any(String) };

/** What is expected where every one of them meets a wall. */
export const allRefused = (attacks: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.keys(attacks).map((name) => [name, refused]));
