import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { measureWalls } from '../../src/sandbox/walls.js';
import { describeUnless } from '../support/left-out.js';
import { compiled, describeLauncher, launcher, wallProbe } from '../support/sandbox-attacks.js';
import { tempFolder } from '../support/temp-folder.js';

const source = join(__dirname, 'sandbox-attack.c');
const attack = compiled(source) ?? '';

interface Met {
  readonly status: number | null;
  readonly signal: string | null;
  readonly said: string;
}

/** Runs a native program, as one that has taken over Node.js would: what holds it is the launcher alone. */
const run = (name: string, options: readonly string[] = []): Met => {
  const words = [launcher ?? '', '20', String(64 * 1024 ** 2), '0', ...options, '--', attack, name];
  // A descriptor that whoever started the service left open.
  const { status, signal, stdout } = spawnSync(
    'sh',
    ['-c', 'exec 9</dev/null; exec "$@"', 'sh', ...words],
    {
      encoding: 'utf8',
      env: {},
    },
  );
  return { status, signal, said: stdout && getSystemErrorName(-Number(stdout)) };
};

const notThere: Met = { status: 1, signal: null, said: 'ENOSYS' };
const killed: Met = { status: null, signal: 'SIGSYS', said: '' };

describeLauncher('native code behind the launcher', () => {
  it.each([
    'fork',
    // Its flags cannot be seen, so that libc has to fall back to clone.
    'clone3',
    'user namespace',
    'another program by descriptor',
    'ptrace',
    'memory of the service',
    'limits of the service',
    'signal to the service',
    'signal by descriptor',
    'socket',
    'pair of sockets',
    'io_uring',
    'a session of its own',
    'life beyond the service',
    'file in memory',
    'writing',
  ])('finds no such call: %s', (name) => {
    expect(run(name)).toEqual(notThere);
  });

  it('becomes no other program, as Landlock lets only Node.js be executed', () => {
    expect(run('another program', ['-r', '/bin/true'])).toEqual({
      status: 1,
      signal: null,
      said: 'EACCES',
    });
  });

  it.each(['rights of root', 'higher limits'])('has not, even as root: %s', (name) => {
    expect(run(name)).toEqual({ status: 1, signal: null, said: 'EPERM' });
  });

  it('inherits no descriptor', () => {
    expect(run('inherited descriptor')).toEqual({ status: 1, signal: null, said: 'EBADF' });
  });

  describeUnless(process.arch === 'x64' ? null : 'needs an x64 processor')('on x64', () => {
    it.each(['x32', 'i386'])('is killed for a call of another architecture: %s', (name) => {
      expect(run(name)).toEqual(killed);
    });
  });

  it('reaches what it tries without the launcher', () => {
    const { status } = spawnSync(attack, ['fork'], { env: {} });
    expect(status).toBe(0);
  });
});

describeLauncher('the launcher', () => {
  it('does not start a program when it is asked for what it does not know', () => {
    expect(run('fork', ['-x', '/']).status).toBe(2);
    expect(run('fork', ['-r']).status).toBe(2);
    expect(run('fork', ['-r', '/nowhere'])).toMatchObject({ status: 120 });
  });

  it('builds its other walls where the kernel has no Landlock, and the report says so', async () => {
    const wrapper = join(tempFolder(), 'launcher');
    writeFileSync(
      wrapper,
      `#!/bin/sh\nexec '${attack}' without-landlock '${launcher ?? ''}' "$@"\n`,
    );
    chmodSync(wrapper, 0o700);
    expect(await measureWalls(wrapper, wallProbe)).toEqual({
      kind: 'measured',
      walls: { permissionModel: true, seccomp: true, landlock: false, limits: true, network: true },
    });
  });
});
