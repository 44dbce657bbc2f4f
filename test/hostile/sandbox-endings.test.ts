import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { Sandbox } from '../../src/sandbox/sandbox.js';
import { eventually } from '../support/eventually.js';
import {
  describeLauncher,
  everyBuild,
  finish,
  launcher,
  roomyLimits,
  start,
  withoutLauncher,
} from '../support/sandbox-attacks.js';
import { tempFolder } from '../support/temp-folder.js';

const forever = 'setInterval(() => {}, 60_000);';
const MiB = 1024 ** 2;

const isGone = (pid: number): Promise<void> =>
  eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));

describe.each(everyBuild)('%s, a program', (_name, walls) => {
  it('answers what it is asked, byte for byte', async () => {
    const sent = randomBytes(8 * MiB);
    const run = start('process.stdin.pipe(process.stdout)', walls, {
      limits: { outputBytes: sent.length },
    });
    run.input.end(sent);
    const { end, output } = await finish(run);
    expect(end).toEqual({ kind: 'done' });
    expect(output.equals(sent)).toBe(true);
  });

  it.each([
    ['buffers', 'for (const all = []; ; ) all.push(Buffer.alloc(16 * 1024 ** 2, 1));'],
    ['JavaScript’s heap', 'for (const all = []; ; ) all.push([all.length]);'],
  ])('runs out of memory for %s', async (_what, code) => {
    const { end } = await finish(start(code, walls, { limits: { memoryMiB: 64 } }));
    expect(end).toEqual({ kind: 'out-of-memory' });
  });

  it('does not get more memory by WebAssembly', async () => {
    const code =
      'for (const all = []; ; ) all.push(new WebAssembly.Memory({ initial: 256, maximum: 65536 }));';
    const { end } = await finish(start(code, walls, { limits: { memoryMiB: 64 } }));
    // V8 has several words for it, and none where an allocation of its own fails.
    expect(['out-of-memory', 'crashed']).toContain(end.kind);
  });

  it('runs out of processor time', async () => {
    const { end } = await finish(start('for (;;);', walls, { limits: { processorSeconds: 1 } }));
    expect(end).toEqual({ kind: 'out-of-time', which: 'processor' });
  });

  it('runs out of wall time', async () => {
    const { end } = await finish(start(forever, walls, { limits: { wallMs: 200 } }));
    expect(end).toEqual({ kind: 'out-of-time', which: 'wall' });
  });

  it.each(['stdout', 'stderr'])('floods no memory through %s', async (stream) => {
    const code = `const more = () => process.${stream}.write(Buffer.alloc(65_536), more); more();`;
    const { end, output } = await finish(start(code, walls, { limits: { outputBytes: MiB } }));
    expect(end).toEqual({ kind: 'too-much-output' });
    expect(output.length).toBeLessThanOrEqual(MiB);
  });

  it('floods no disk through its scratch folder', async () => {
    const folder = join(tempFolder(), 'scratch');
    mkdirSync(folder);
    const path = join(folder, 'file');
    const code = `for (;;) require('node:fs').appendFileSync(${JSON.stringify(path)}, Buffer.alloc(65_536));`;
    const { end } = await finish(start(code, walls, { scratch: { folder, fileMiB: 1 } }));
    expect(end).toMatchObject({ kind: 'crashed' });
    expect(statSync(path).size).toBe(MiB);
  });

  it('is told apart from one that ends well when it throws, aborts or fails', async () => {
    const [thrown, aborted, failed] = await Promise.all(
      ['throw new Error("why")', 'process.abort()', 'process.exit(7)'].map((code) =>
        finish(start(code, walls)),
      ),
    );
    expect(thrown?.end).toMatchObject({ kind: 'crashed', exitCode: 1 });
    expect(thrown?.end).toMatchObject({ errorText: expect.stringContaining('Error: why') });
    expect(aborted?.end).toMatchObject({ kind: 'crashed', signal: 'SIGABRT' });
    expect(failed?.end).toMatchObject({ kind: 'crashed', exitCode: 7, errorText: '' });
  });
});

it.each(everyBuild.slice(0, 2))(
  '%s, a program cannot catch the end of its processor time',
  async (_name, walls) => {
    const code = 'process.on("SIGXCPU", () => {}); for (;;);';
    const { end } = await finish(start(code, walls, { limits: { processorSeconds: 1 } }));
    expect(end).toMatchObject({ kind: 'crashed', signal: 'SIGKILL' });
  },
);

describe('a caller', () => {
  it('ends a program by its signal, before or while it runs', async () => {
    const early = finish(start(forever, withoutLauncher, { signal: AbortSignal.abort() }));
    expect((await early).end).toEqual({ kind: 'aborted' });
    const controller = new AbortController();
    const run = start(`process.stdout.write('here'); ${forever}`, withoutLauncher, {
      signal: controller.signal,
    });
    await once(run.output, 'data');
    controller.abort();
    expect(await run.ended).toEqual({ kind: 'aborted' });
  });

  it('ends a program by closing its output', async () => {
    const run = start(`process.stdout.write('here'); ${forever}`, withoutLauncher);
    await once(run.output, 'readable');
    run.output.destroy();
    expect(await run.ended).toEqual({ kind: 'aborted' });
  });

  it('holds a program back by not reading', async () => {
    const outputBytes = 256 * MiB;
    const code = 'const more = () => process.stdout.write(Buffer.alloc(65_536), more); more();';
    const run = start(code, withoutLauncher, { limits: { outputBytes, wallMs: 1000 } });
    expect(await run.ended).toEqual({ kind: 'out-of-time', which: 'wall' });
    expect((await buffer(run.output)).length).toBeLessThan(4 * MiB);
  });

  it('may write to a program that has ended, and gets what it does not read in time', async () => {
    const run = start('process.stdout.write("all of it", () => process.exit())', withoutLauncher);
    run.input.end(randomBytes(4 * MiB));
    expect(await run.ended).toEqual({ kind: 'done' });
    expect((await buffer(run.output)).toString()).toBe('all of it');
  });

  it('is told of a program that cannot be started', async () => {
    const run = start(forever, { launcher: '/nowhere/launcher', permissionModel: true });
    expect(await finish(run)).toMatchObject({
      end: { kind: 'not-started' },
      output: { length: 0 },
    });
  });

  it('cannot name what the permission model would take for more than one path', () => {
    const folder = join(tempFolder(), 'a,b*');
    mkdirSync(folder);
    const program = { path: __filename, inputFile: folder, limits: roomyLimits };
    expect(() => new Sandbox(withoutLauncher).run(program)).toThrow('comma or an asterisk');
  });

  it('leaves no child of the program behind', async () => {
    const code = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(forever)}], { stdio: 'inherit' });
      process.stdout.write(String(child.pid), () => process.exit());`;
    // Neither wall that refuses children is there.
    const { end, output } = await finish(start(code, { launcher: null, permissionModel: false }));
    expect(end).toEqual({ kind: 'done' });
    await isGone(Number(output.toString()));
  });
});

describeLauncher('with the launcher', () => {
  it('a program ends with a service that is killed', async () => {
    const line = `console.log(process.pid); process.stdin.resume(); ${forever}`;
    const limits = ['20', String(1024 * MiB), '0'];
    const node = [process.execPath, '--disallow-code-generation-from-strings', '-e', line];
    const service = spawn(
      process.execPath,
      [
        '-e',
        `require('node:child_process').spawn(${JSON.stringify(launcher)},
        ${JSON.stringify([...limits, '--', ...node])}, { stdio: 'inherit' })`,
      ],
      { env: {}, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const [pid] = (await once(createInterface(service.stdout), 'line')) as [string];
    expect(() => process.kill(Number(pid), 0)).not.toThrow();
    service.kill('SIGKILL');
    await isGone(Number(pid));
  });
});
