import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { measureWalls } from '../../src/sandbox/walls.js';
import { afterFile } from '../support/cleaning.js';
import {
  allRefused,
  attempt,
  describeLauncher,
  everyBuild,
  launcher,
  refused,
  wallProbe,
  withoutLauncher,
} from '../support/sandbox-attacks.js';
import { tempFolder } from '../support/temp-folder.js';

const quoted = JSON.stringify;

const readings = {
  'the environment of the service':
    'return fs.readFileSync(`/proc/${process.ppid}/environ`).length',
  'the memory of the service': 'fs.openSync(`/proc/${process.ppid}/mem`)',
  'the descriptors of the service': 'return fs.readdirSync(`/proc/${process.ppid}/fd`)',
  'a file of the system': 'return fs.readFileSync("/etc/passwd").length',
  'the root folder': 'return fs.readdirSync("/")',
  'the sources of the service': `fs.readFileSync(${quoted(join(__dirname, '../../package.json'))})`,
  'the folder above its own': 'return fs.readdirSync(`${__dirname}/..`)',
  'a path with detours': 'fs.readFileSync(`${__dirname}/../../../../../../etc/passwd`)',
};

const changes = {
  'a file': 'fs.writeFileSync(__dirname + "/file", "mark")',
  'its own code': 'fs.appendFileSync(__filename, "\\n")',
  'a folder': 'fs.mkdirSync(__dirname + "/folder")',
  'a link': 'fs.symlinkSync("/etc", __dirname + "/link")',
  rights: 'fs.chmodSync(__filename, 0o777)',
  times: 'fs.utimesSync(__filename, 0, 0)',
  'a name': 'fs.renameSync(__filename, __filename + "2")',
  'a database':
    'const { DatabaseSync } = require("node:sqlite"); new DatabaseSync(__dirname + "/database")',
};

const children = {
  spawn: 'await once(require("node:child_process").spawn("/bin/true"), "exit")',
  spawnSync:
    'const { error } = require("node:child_process").spawnSync("/bin/true"); if (error) throw error',
  exec: 'await require("node:util").promisify(require("node:child_process").exec)("true")',
  fork: 'await once(require("node:child_process").fork(__dirname + "/nothing.js"), "spawn")',
};

describe.each(everyBuild)('%s, a hostile program', (_name, walls) => {
  it('has an empty environment', async () => {
    const environment = { names: 'return Object.keys(process.env)' };
    expect(await attempt(environment, walls)).toEqual({ names: { got: [] } });
  });

  it('reads nothing of the service or the system', async () => {
    expect(await attempt(readings, walls)).toEqual(allRefused(readings));
  });

  it('reads its own folder and the input that it was given', async () => {
    const folder = tempFolder();
    const inputFile = join(folder, 'input');
    for (const name of ['input', 'input-of-another']) writeFileSync(join(folder, name), name);
    const read = {
      own: 'return fs.readFileSync(__filename).length > 0',
      input: `return fs.readFileSync(${quoted(inputFile)}, 'latin1')`,
      neighbour: `return fs.readFileSync(${quoted(`${inputFile}-of-another`)}, 'latin1')`,
    };
    expect(await attempt(read, walls, { inputFile })).toEqual({
      own: { got: true },
      input: { got: 'input' },
      neighbour: refused,
    });
  });

  it('writes to its scratch folder alone', async () => {
    const folder = tempFolder();
    const scratch = { folder: join(folder, 'scratch'), fileMiB: 1 };
    for (const name of ['scratch', 'scratch-of-another']) mkdirSync(join(folder, name));
    const write = {
      inside: `fs.writeFileSync(${quoted(join(scratch.folder, 'file'))}, 'mark')`,
      neighbour: `fs.writeFileSync(${quoted(join(`${scratch.folder}-of-another`, 'file'))}, 'mark')`,
      own: 'fs.writeFileSync(__dirname + "/file", "mark")',
    };
    expect(await attempt(write, walls, { scratch })).toEqual({
      inside: { got: null },
      neighbour: refused,
      own: refused,
    });
    expect(readFileSync(join(scratch.folder, 'file'), 'latin1')).toBe('mark');
  });

  it('changes nothing without a scratch folder', async () => {
    expect(await attempt(changes, walls)).toEqual(allRefused(changes));
  });

  it('starts no process', async () => {
    expect(await attempt(children, walls)).toEqual(allRefused(children));
  });

  it('inherits no descriptor but its pipes', async () => {
    const secret = join(tempFolder(), 'secret');
    writeFileSync(secret, 'a secret');
    const descriptor = openSync(secret, 'r');
    const list = `
      const files = [];
      for (let fd = 0; fd < 4096; fd++)
        try { files.push(fs.fstatSync(fd).ino); } catch {}
      return files;`;
    const { files } = await attempt({ files: list }, walls);
    expect(files).toEqual({ got: expect.not.arrayContaining([fstatSync(descriptor).ino]) });
    closeSync(descriptor);
  });
});

const nodeFeatures = {
  'a worker': 'new (require("node:worker_threads").Worker)("", { eval: true })',
  WASI: 'new (require("node:wasi").WASI)({ version: "preview1" })',
  'an addon': 'process.dlopen({ exports: {} }, process.execPath)',
  'a debugger': 'new (require("node:inspector").Session)().connect()',
  'a port for debuggers': 'require("node:inspector").open(0)',
  'a binding': 'process.binding("fs")',
  'code from text': 'eval("1")',
  'a heap snapshot': 'require("node:v8").writeHeapSnapshot(__dirname + "/heap")',
  'a report': 'process.report.writeReport("report")',
  'another folder': 'process.chdir("/tmp")',
};

it.each(everyBuild.filter(([, { permissionModel }]) => permissionModel))(
  '%s, Node.js gives a hostile program none of what it could reach out with',
  async (_name, walls) => {
    expect(await attempt(nodeFeatures, walls)).toEqual(allRefused(nodeFeatures));
  },
);

/** Each reaches something that answers, unless a wall stands between. */
const reachableNetwork = async () => {
  const tcp = createServer((socket) => socket.end());
  const unix = createServer((socket) => socket.end());
  const udp = createSocket('udp4');
  const path = join(tempFolder(), 'socket');
  tcp.listen(0, '127.0.0.1');
  unix.listen(path);
  udp.bind(0, '127.0.0.1');
  await Promise.all([tcp, unix, udp].map((socket) => once(socket, 'listening')));
  // A name server that says of every name that there is none.
  udp.on('message', (query, { port, address }) => {
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8183, 2);
    udp.send(answer, port, address);
  });
  afterFile(() => [tcp, unix, udp].forEach((socket) => socket.close()));
  const { port } = tcp.address() as AddressInfo;
  return {
    'a TCP connection': `await once(require('node:net').connect(${port}, '127.0.0.1'), 'connect')`,
    'a TCP port': `await once(require('node:net').createServer().listen(0), 'listening')`,
    'a unix socket': `await once(require('node:net').connect(${quoted(path)}), 'connect')`,
    'a UDP packet': `
      const socket = require('node:dgram').createSocket('udp4');
      await new Promise((resolve, reject) => socket.once('error', reject)
        .send('mark of the test', ${udp.address().port}, '127.0.0.1', (error) => error ? reject(error) : resolve()))`,
    'a name server': `
      const resolver = new (require('node:dns').promises.Resolver)({ tries: 1 });
      resolver.setServers(['127.0.0.1:${udp.address().port}']);
      await resolver.resolve4('example.com').catch((cause) => {
        if (cause.code !== 'ENOTFOUND') throw cause;
      })`,
  };
};

const signals = {
  'the service': 'process.kill(process.ppid, 0)',
  'its group': 'process.kill(0, 0)',
  'every process': 'process.kill(-1, 0)',
  init: 'process.kill(1, 0)',
};

describeLauncher('with the launcher, a hostile program', () => {
  const builds = everyBuild.filter(([, walls]) => walls.launcher !== null);

  it.each(builds)('has no network (%s)', async (_name, walls) => {
    const attacks = await reachableNetwork();
    expect(await attempt(attacks, walls)).toEqual(allRefused(attacks));
  });

  it.each(builds)('signals nobody (%s)', async (_name, walls) => {
    expect(await attempt(signals, walls)).toEqual(allRefused(signals));
  });

  it('meets every wall that the report calls standing', async () => {
    expect(await measureWalls(launcher, wallProbe)).toEqual({
      kind: 'measured',
      walls: { permissionModel: true, seccomp: true, landlock: true, limits: true, network: true },
    });
  });
});

describe('the report of the walls', () => {
  it('tells without the launcher what stands and what does not', async () => {
    const attacked = await attempt(await reachableNetwork(), withoutLauncher);
    expect(await measureWalls(null, wallProbe)).toEqual({
      kind: 'measured',
      walls: {
        permissionModel: true,
        seccomp: false,
        landlock: false,
        limits: true,
        // Open before Node.js 25.
        network: 'refused' in attacked['a TCP connection'],
      },
    });
  });

  it('tells of a launcher that does not start', async () => {
    expect(await measureWalls('/nowhere/sandbox-launcher', wallProbe)).toMatchObject({
      kind: 'unusable',
      end: { kind: 'not-started', reason: expect.stringContaining('ENOENT') },
    });
  });
});
