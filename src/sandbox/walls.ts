import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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

const attempt = async (sandbox: Sandbox, path: string): Promise<Attempts | SandboxEnd> => {
  const { output, ended } = sandbox.run({ path, limits });
  const said = await text(output);
  const end = await ended;
  return end.kind === 'done' ? (JSON.parse(said) as Attempts) : end;
};

/** Runs the probe as any program is run and, where there is a launcher, once with its walls alone. */
export const measureWalls = async (
  launcher = installedLauncher(),
  probe = wallProbe,
): Promise<WallReport> => {
  const asUsed = await attempt(new Sandbox({ launcher, permissionModel: true }), probe);
  if ('kind' in asUsed) return { kind: 'unusable', end: asUsed };
  if (launcher === null) return { kind: 'measured', walls: judgeWalls(asUsed, null) };
  const byKernel = await attempt(new Sandbox({ launcher, permissionModel: false }), probe);
  if ('kind' in byKernel) return { kind: 'unusable', end: byKernel };
  return { kind: 'measured', walls: judgeWalls(asUsed, byKernel) };
};
