import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Walls } from './command-line.policy.js';
import { Sandbox, installedLauncher } from './sandbox.js';
import type { SandboxEnd } from './sandbox-end.policy.js';

/** True: it was tried here, and it holds. */
export interface StandingWalls {
  /** Node.js refuses files, children, workers, addons: against errors in our JavaScript, not against those in zlib. */
  readonly permissionModel: boolean;
  /** The kernel refuses system calls: sockets, children, signals to others. */
  readonly seccomp: boolean;
  /** The kernel refuses files, and any program but Node.js. */
  readonly landlock: boolean;
  /** Memory and, set by the same means, processor time and size of files. */
  readonly limits: boolean;
  /** Closed by whichever wall. */
  readonly network: boolean;
}

export type WallReport =
  | { readonly kind: 'measured'; readonly walls: StandingWalls }
  | { readonly kind: 'unusable'; readonly end: SandboxEnd };

/** The code of the error that reader/wall-probe.ts met; null where nothing stopped it. */
export interface Attempts {
  readonly files: string | null;
  readonly memory: string | null;
  readonly network: string | null;
}

/** In the image as in a build: both are two folders below. */
export const wallProbe = join(__dirname, '../../reader/wall-probe.js');

/** @param byKernel the same attempts without the permission model; null where there is no launcher */
export const judgeWalls = (asUsed: Attempts, byKernel: Attempts | null): StandingWalls => ({
  permissionModel: asUsed.files === 'ERR_ACCESS_DENIED',
  seccomp: byKernel?.network === 'ENOSYS',
  landlock: byKernel?.files === 'EACCES',
  limits: asUsed.memory !== null,
  network: asUsed.network !== null && asUsed.network !== 'ECONNREFUSED',
});

const limits = {
  memoryMiB: 256,
  processorSeconds: 10,
  wallMs: 30_000,
  outputBytes: 4096,
};

/** Without the permission model Node.js does not start where it finds this file and may not read it. */
const packageFileAbove = (path: string): string => {
  const folder = dirname(path);
  const file = join(folder, 'package.json');
  return folder === path || existsSync(file) ? file : packageFileAbove(folder);
};

const attempt = async (
  walls: Walls,
  path: string,
  inputFile = path,
): Promise<Attempts | SandboxEnd> => {
  const { output, ended } = new Sandbox(walls).run({ path, inputFile, limits });
  const said = await text(output);
  const end = await ended;
  return end.kind === 'done' ? (JSON.parse(said) as Attempts) : end;
};

/** Runs the probe as any program is run and, where there is a launcher, once with its walls alone. */
export const measureWalls = async (
  launcher = installedLauncher(),
  probe = wallProbe,
): Promise<WallReport> => {
  const asUsed = await attempt({ launcher, permissionModel: true }, probe);
  if ('kind' in asUsed) return { kind: 'unusable', end: asUsed };
  if (launcher === null) return { kind: 'measured', walls: judgeWalls(asUsed, null) };
  const byKernel = await attempt(
    { launcher, permissionModel: false },
    probe,
    packageFileAbove(probe),
  );
  if ('kind' in byKernel) return { kind: 'unusable', end: byKernel };
  return { kind: 'measured', walls: judgeWalls(asUsed, byKernel) };
};
