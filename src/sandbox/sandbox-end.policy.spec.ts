import { endOf } from './sandbox-end.policy.js';

const exit = (exitCode: number | null, signal: NodeJS.Signals | null, errorText = '') =>
  endOf({ exitCode, signal, errorText });

it.each([
  ['done', exit(0, null, 'a warning')],
  ['not-started', exit(120, null, 'sandbox-launcher: seccomp: Invalid argument')],
  ['out-of-memory', exit(null, 'SIGABRT', 'Allocation failed - JavaScript heap out of memory')],
  ['out-of-memory', exit(null, 'SIGTRAP', '# Fatal process out of memory: Zone')],
  ['out-of-memory', exit(1, null, "code: 'ERR_MEMORY_ALLOCATION_FAILED'")],
  ['out-of-memory', exit(1, null, 'RangeError: WebAssembly.Memory(): could not allocate memory')],
  ['out-of-memory', exit(1, null, 'RangeError: Array buffer allocation failed')],
])('calls it %s', (kind, end) => {
  expect(end.kind).toBe(kind);
});

it('tells processor time by the signal of its limit', () => {
  expect(exit(null, 'SIGXCPU')).toEqual({ kind: 'out-of-time', which: 'processor' });
});

it('keeps what is known of any other end', () => {
  expect(exit(7, null, 'why')).toEqual({
    kind: 'crashed',
    exitCode: 7,
    signal: null,
    errorText: 'why',
  });
  expect(exit(null, 'SIGSEGV')).toMatchObject({ kind: 'crashed', signal: 'SIGSEGV' });
});
