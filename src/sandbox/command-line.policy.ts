import { dirname } from 'node:path';
import { wallFailedStatus } from './sandbox-end.policy.js';

export interface SandboxLimits {
  /** Writable memory beside what Node.js needs to start; JavaScript's heap gets half of it, buffers what it leaves. */
  readonly memoryMiB: number;
  readonly processorSeconds: number;
  readonly wallMs: number;
  /** Of stdout and stderr together. */
  readonly outputBytes: number;
}

/** Paths are absolute and without links. */
export interface SandboxedProgram {
  /** JavaScript that imports nothing but Node.js and files of its own folder, which it may read. */
  readonly path: string;
  readonly arguments?: readonly string[];
  /** The one file that it may read besides, where its bytes do not come over stdin. */
  readonly inputFile?: string;
  /**
   * Where alone it may write. The caller makes the folder and removes it. The limit is for each file: the kernel knows
   * none for a folder.
   */
  readonly scratch?: { readonly folder: string; readonly fileMiB: number };
  readonly limits: SandboxLimits;
}

export interface Walls {
  /** The launcher's path; null: the permission model and the shell's limits alone. */
  readonly launcher: string | null;
  /** Off only to see what the launcher's walls hold on their own. */
  readonly permissionModel: boolean;
}

/** What the running Node.js is. */
export interface Runtime {
  readonly node: string;
  readonly knownFlags: ReadonlySet<string>;
  /** Counted as written by the kernel, although V8 only reserved it for code: 512 MiB from Node.js 24 on. */
  readonly reservedBytes: number;
}

const MiB = 1024 ** 2;

/** Node.js itself, stacks of its threads and what V8 needs to notice that its heap is full, in MiB. */
const nodeMiB = 128;

const granted = (what: 'read' | 'write', path: string): string => {
  // Node.js takes the one for the end of a path and the other for any end of it.
  if (/[,*]/.test(path))
    throw new TypeError(`A path with a comma or an asterisk cannot be granted: ${path}`);
  return `--allow-fs-${what}=${path}`;
};

const nodeFlags = (program: SandboxedProgram, walls: Walls, { knownFlags }: Runtime): string[] => {
  const { path, inputFile, scratch, limits } = program;
  // Each closes a hole that the permission model leaves: node:sqlite opens files behind its back, and SIGUSR1 opens a port.
  const closing = ['--no-experimental-sqlite', '--disable-sigusr1'];
  const model = [
    // Its name until Node.js 22.12.
    knownFlags.has('--permission') ? '--permission' : '--experimental-permission',
    granted('read', `${dirname(path)}/`),
    ...(inputFile === undefined ? [] : [granted('read', inputFile)]),
    ...(scratch === undefined
      ? []
      : [granted('read', `${scratch.folder}/`), granted('write', `${scratch.folder}/`)]),
  ];
  return [
    ...(walls.permissionModel ? model : []),
    ...closing.filter((flag) => knownFlags.has(flag)),
    '--no-addons',
    '--disallow-code-generation-from-strings',
    '--disable-warning=ExperimentalWarning',
    `--max-old-space-size=${Math.ceil(limits.memoryMiB / 2)}`,
  ];
};

/** A shell builds what it can; `env` takes away the variables that a shell adds. */
const shellScript = [
  'ulimit -St "$1" && ulimit -Ht "$2" && ulimit -d "$3" && ulimit -f "$4" && ulimit -c 0',
  `|| exit ${wallFailedStatus}; shift 4; exec env -i "$@"`,
].join(' ');

/** @throws TypeError for a path that the permission model cannot name */
export const commandLine = (
  program: SandboxedProgram,
  walls: Walls,
  runtime: Runtime,
): { readonly file: string; readonly arguments: readonly string[] } => {
  const { path, inputFile, scratch, limits } = program;
  const dataBytes = (nodeMiB + limits.memoryMiB) * MiB + runtime.reservedBytes;
  const fileBytes = (scratch?.fileMiB ?? 0) * MiB;
  const started = [
    runtime.node,
    ...nodeFlags(program, walls, runtime),
    path,
    ...(program.arguments ?? []),
  ];
  if (walls.launcher === null) {
    const seconds = limits.processorSeconds;
    // POSIX: memory in KiB, files in blocks of 512 bytes.
    const values = [seconds, seconds + 1, dataBytes / 1024, fileBytes / 512].map(String);
    return { file: '/bin/sh', arguments: ['-c', shellScript, 'sandbox', ...values, ...started] };
  }
  return {
    file: walls.launcher,
    arguments: [
      ...[limits.processorSeconds, dataBytes, fileBytes].map(String),
      ...['-r', dirname(path)],
      ...(inputFile === undefined ? [] : ['-r', inputFile]),
      ...(scratch === undefined ? [] : ['-w', scratch.folder]),
      '--',
      ...started,
    ],
  };
};
