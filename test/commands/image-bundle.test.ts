import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { noise } from '../support/bytes.js';
import { command } from '../support/command.js';
import { freshPlace } from '../support/database.js';
import type { Place } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { olderNode } from '../support/older-node.js';
import { programPath } from '../support/program-build.js';
import { spawnedService } from '../support/program.js';
import { s3Credentials, startedS3 } from '../support/s3-server.js';
import { storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';
import { tool } from '../support/tool.js';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { version } from '../../src/version.js';

const root = resolve(__dirname, '../..');
/** The tree that goes into the image, in a folder from which no other package can be found. */
let image: string;
let path: string;

beforeAll(() => {
  const built = tempFolder();
  image = join(tempFolder(), 'app');
  const program = dirname(programPath);
  symlinkSync(program, join(built, 'src'));
  symlinkSync(join(program, '../reader'), join(built, 'reader'));
  mkdirSync(join(built, 'web'));
  writeFileSync(join(built, 'web/index.html'), '<!doctype html><title>The page</title>');
  execFileSync(process.execPath, [join(root, 'scripts/bundle.js'), image, built]);
  path = join(image, 'dist/program/cli.js');
});

const get = (url: string) => send(url, { method: 'GET', headers: { Accept: 'text/html' } });

it('serves, takes an archive and gives it back, from the bundle alone', async () => {
  const service = await spawnedService({}, undefined, [], path);
  const bytes = noise(300_000, 7);
  const { id } = await service.given.archive({ name: 'logs.tgz', bytes });
  const { api } = await service.given.admin();
  expect((await download(api, String(id)).expect(200)).body).toEqual(bytes);
  // What it reads from files, and what it finds by name.
  expect((await get(`${service.url}/`)).text).toContain('The page');
  expect((await get(`${service.url}/upload.sh`)).text).toContain('Sends files to a support ticket');
  for (const file of [
    '',
    'swagger-ui-bundle.js',
    'swagger-ui.css',
    'swagger-ui-standalone-preset.js',
  ])
    expect(await get(`${service.url}/api/docs/${file}`)).toMatchObject({ status: 200 });
  expect((await get(`${service.url}/api/v1/openapi.json`)).body).toMatchObject({
    info: { version },
  });
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ code: 0 });

  const run = async (place: Place, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await command(args, { place, path });
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  };
  const backups = join(tempFolder(), 'backups');
  const elsewhere = await freshPlace();
  expect(await run(service.place, 'verify')).toBe('1 archives, 300000 bytes, 0 findings\n');
  await run(service.place, 'backup', backups, '--with-secret-key');
  await run(elsewhere, 'restore', backups);
  expect(storedFiles(elsewhere)).toEqual([id]);
  // Made of the names of classes and of what their decorators know.
  expect(await run(elsewhere, 'openapi')).toBe((await command(['openapi'])).stdout);
});

it('refuses an older Node.js before it loads anything that would crash it', async () => {
  const { code, stdout, stderr } = await command(['serve'], { env: olderNode(), path });
  expect(stderr).toMatch(/^Logs Collector needs Node\.js 24, .* and this is 20\.20\.2: .*\.\n$/);
  expect(code).toBe(1);
  const loaded = stdout.trim().split('\n');
  expect(loaded[0]).toBe(path);
  expect(loaded.filter((file) => dirname(file) !== dirname(path))).toEqual([]);
});

it('holds one binary of SQLite, and no Node.js beside that of the image', () => {
  const packages = join(image, 'node_modules');
  expect(readdirSync(packages).sort()).toEqual(['@node-rs', 'better-sqlite3', 'swagger-ui-dist']);
  expect(readdirSync(join(packages, 'better-sqlite3/prebuilds'))).toHaveLength(1);
});

it('finds the client of S3 too, where that is the storage', async () => {
  const s3 = await startedS3();
  const env = { STORAGE_URL: s3.storageUrl(), ...s3Credentials };
  const service = await spawnedService(env, undefined, [], path);
  const bytes = noise(300_000, 8);
  const { id } = await service.given.archive({ name: 'logs.tgz', bytes });
  const { api } = await service.given.admin();
  const { headers } = await api.get(`/archives/${String(id)}/content`).expect(302);
  const answer = await fetch(String(headers['location']));
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
});

it('is started, asked and stopped by what the image does that with', async () => {
  const start = join(tempFolder(), 'logs-collector');
  const text = readFileSync(join(root, 'scripts/image/logs-collector'), 'utf8');
  writeFileSync(start, text.replace('/app/', `${image}/`));
  const service = await spawnedService({}, undefined, ['sh', '-c', `exec sh '${start}' serve`]);
  expect(readFileSync(`/proc/${service.pid}/cmdline`, 'utf8')).toMatch(
    /^node\0--single-threaded-gc\0.*\0serve\0$/,
  );
  const check = async (): Promise<number | null> => {
    const env = { PORT: new URL(service.url).port };
    const { code } = await tool('node', [join(root, 'scripts/image/healthcheck.js')], { env });
    return code;
  };
  expect(await check()).toBe(0);
  const running = await uploadUnderWay(service.url, await service.given.uploadToken());
  service.kill('SIGTERM');
  await eventually(async () => expect((await get(`${service.url}/health/ready`)).status).toBe(503));
  // It still works, and is not to be replaced.
  expect(await check()).toBe(0);
  expect(await running.finish('and the last')).toMatchObject({ status: 201 });
  expect(await service.ended).toMatchObject({ code: 0 });
  expect(await check()).toBe(1);
});
