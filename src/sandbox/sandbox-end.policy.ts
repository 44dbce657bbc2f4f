/** Each way in which a sandboxed program can end. Only after `done` may its output be believed to be complete. */
export type SandboxEnd =
  | { readonly kind: 'done' }
  /** `errorText` is the end of what it wrote to stderr: as untrusted as its input. */
  | {
      readonly kind: 'crashed';
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly errorText: string;
    }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'out-of-time'; readonly which: 'processor' | 'wall' }
  | { readonly kind: 'too-much-output' }
  /** By the caller's signal, or because the caller closed the output early. */
  | { readonly kind: 'aborted' }
  /** A wall could not be built, or Node.js could not be started: the program did not run. */
  | { readonly kind: 'not-started'; readonly reason: string };

export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errorText: string;
}

/** Exit status of the launcher, and of the shell in its place, when a wall cannot be built. */
export const wallFailedStatus = 120;

/** V8's heap, its zones, a buffer and WebAssembly memory each have their own words for it. */
const outOfMemory =
  /out of memory|bad_alloc|ERR_MEMORY_ALLOCATION_FAILED|Array buffer allocation failed|could not allocate memory/i;

/** Of a process that nobody stopped. What the program writes to stderr can only make it look worse than it was. */
export const endOf = ({ exitCode, signal, errorText }: ProcessExit): SandboxEnd => {
  if (exitCode === 0) return { kind: 'done' };
  if (exitCode === wallFailedStatus) return { kind: 'not-started', reason: errorText.trim() };
  if (signal === 'SIGXCPU') return { kind: 'out-of-time', which: 'processor' };
  if (outOfMemory.test(errorText)) return { kind: 'out-of-memory' };
  return { kind: 'crashed', exitCode, signal, errorText };
};
