import { commandLine } from './command-line.policy.js';

const program = {
  path: '/app/reader/program.js',
  limits: { memoryMiB: 100, processorSeconds: 5, wallMs: 1000, outputBytes: 1000 },
};
const started = (walls: { launcher: string | null }, ...knownFlags: string[]) => {
  const runtime = { node: '/bin/node', knownFlags: new Set(knownFlags), reservedBytes: 0 };
  return commandLine(program, { permissionModel: true, ...walls }, runtime);
};

it('names the permission model as this Node.js does, and the flags that this one knows', () => {
  const launcher = '/app/sandbox-launcher';
  const older = started({ launcher }, '--experimental-permission').arguments;
  expect(older).toContain('--experimental-permission');
  expect(older).not.toContain('--disable-sigusr1');
  const newer = started({ launcher }, '--permission', '--disable-sigusr1').arguments;
  expect(newer).toEqual(expect.arrayContaining(['--permission', '--disable-sigusr1']));
  expect(newer).not.toContain('--experimental-permission');
});

it('gives the launcher its limits and paths before the program, and a shell the limits alone', () => {
  const MiB = 1024 ** 2;
  const launched = started({ launcher: '/app/sandbox-launcher' });
  expect(launched.file).toBe('/app/sandbox-launcher');
  expect(launched.arguments.slice(0, 7)).toEqual([
    ...['5', String(228 * MiB), '0'],
    ...['-r', '/app/reader', '--', '/bin/node'],
  ]);
  const shell = started({ launcher: null });
  expect(shell.file).toBe('/bin/sh');
  expect(shell.arguments.slice(2, 8)).toEqual(['sandbox', '5', '6', '233472', '0', '/bin/node']);
});
