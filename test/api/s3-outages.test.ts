import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { noise } from '../support/bytes.js';
import { Backups } from '../support/backups.js';
import { command } from '../support/command.js';
import { freshPlace } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { spawnedService } from '../support/program.js';
import { s3Credentials, startedS3 } from '../support/s3-server.js';
import type { S3Server } from '../support/s3-server.js';
import { startedService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { archiveOf, tus } from '../support/tus.js';
import { upload } from '../support/upload.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';

const MiB = 1024 ** 2;
const large = noise(17 * MiB + 5);
let s3: S3Server;
beforeAll(async () => {
  s3 = await startedS3();
});
afterEach(() => s3.again());
let prefixes = 0;
const envOf = (prefix: string) => ({
  ...s3Credentials,
  STORAGE_URL: s3.storageUrl(prefix),
  S3_DOWNLOADS: 'proxy',
});
const newPrefix = (): string => `outages-${(prefixes += 1)}`;
const objects = (prefix: string): readonly string[] =>
  s3.objects().filter((name) => name.startsWith(`${prefix}/`) && !/\/\.store-|\/probe-/.test(name));

it('is not asked anew by everybody who asks for the health', async () => {
  const prefix = newPrefix();
  const { url } = await startedService(envOf(prefix));
  const probes = () =>
    s3.requests.filter((one) => one.startsWith('PUT') && one.includes(`${prefix}/partial/probe-`));
  for (let look = 0; look < 30; look += 1)
    expect(await send(`${url}/health/ready`, { method: 'GET' })).toMatchObject({ status: 200 });
  expect(probes().length).toBeGreaterThan(0);
  expect(probes().length).toBeLessThan(30);
});

describe('an S3 store that is gone', () => {
  it('is told to everybody who needs it, costs nobody an attempt, and heals by itself', async () => {
    const prefix = newPrefix();
    const service = await startedService(envOf(prefix));
    const { url, given } = service;
    const token = await given.uploadToken();
    const { id } = await given.archive({ bytes: noise(1000) }, token);
    const { begun, patch, offset } = tus(url, token);
    const path = await begun({ length: large.length });
    expect(await patch(path, 0, large.subarray(0, 10 * MiB))).toMatchObject({ status: 204 });
    const { attemptsLeft } = await tokenState(url, token);
    const ready = () => send(`${url}/health/ready`, { method: 'GET' });
    expect(await ready()).toMatchObject({ status: 200 });
    const cut = await uploadUnderWay(url, token);
    await cut.write(large);
    await eventually(() => expect(objects(prefix).join()).toContain('/upload-'));

    await s3.stop();
    expectProblem(await cut.finish(large), 'storage-unavailable');
    expectProblem(await upload(url, token), 'storage-unavailable');
    expectProblem(await patch(path, 10 * MiB, large.subarray(10 * MiB)), 'storage-unavailable');
    const { api } = await given.admin();
    expectProblem(await api.get(`/archives/${id}/content`), 'storage-unavailable');
    const down = { checks: { storage: 'down', database: 'up' } };
    // What it saw a moment ago is believed for a second.
    await eventually(async () => expect(await ready()).toMatchObject({ status: 503, body: down }));

    await s3.again();
    expect(await ready()).toMatchObject({ status: 200 });
    expect(await tokenState(url, token)).toMatchObject({ attemptsLeft });
    expect(await offset(path)).toBe(10 * MiB);
    const whole = archiveOf(await patch(path, 10 * MiB, large.subarray(10 * MiB)));
    expect(((await download(api, whole)).body as Buffer).equals(large)).toBe(true);
    await download(api, id).expect(200);
    // What could not be removed then.
    await service.app.get(SweepService).finish();
    expect(s3.uploads()).toEqual([]);
  });

  it.each([
    ['before it takes a byte', /^HEAD$/],
    ['when all that was sent waits for it', /^POST$/],
  ])('is no fault of the customer’s where it hangs %s', async (_when, methods) => {
    const service = await startedService({ ...envOf(newPrefix()), UPLOAD_IDLE_TIMEOUT: '1' });
    const { url, given, log } = service;
    const [token, silent] = [await given.uploadToken({ attempts: 1 }), await given.uploadToken()];
    s3.hang(methods);
    // Hardly more than a part: when that is on its way, all has come.
    const bytes = large.subarray(0, 8 * MiB + 5);
    const answer = upload(url, token, { bytes, way: 'put' });
    await eventually(() => expect(s3.underWay()[0]).toMatch(methods.source.slice(1, -1)));
    // For longer than a client may be silent.
    for (let turn = 0; turn < 2; turn += 1) {
      const socket = await rawSocket(url);
      const head = ['POST /api/v1/archives HTTP/1.1', 'Host: localhost', 'Content-Length: 1000'];
      const form = 'Content-Type: multipart/form-data; boundary=x';
      socket.write(`${[...head, form, `Upload-Token: ${silent.value}`].join('\r\n')}\r\n\r\n`);
      expect(await socket.closed()).toMatch(/^HTTP\/1\.1 408 .*"code":"upload-stalled"/s);
    }
    // As the driver's own time limit would end it.
    await s3.stop();
    expectProblem(await answer, 'storage-unavailable');
    expect(log.events('http.failed')).toEqual([
      expect.objectContaining({ code: 'storage-unavailable' }),
    ]);
    expect(await tokenState(url, token)).toMatchObject({ attemptsLeft: 1 });
    const { api } = await given.admin();
    const failures = async ({ ticket }: { readonly ticket: string }): Promise<unknown> =>
      (await api.get(`/tickets/${ticket}/tokens`).expect(200)).body.items[0].failures;
    expect([await failures(token), await failures(silent)]).toEqual([0, 2]);
  });

  it('at the start lets the service start, and be of use as soon as it is there', async () => {
    const prefix = newPrefix();
    const first = await startedService(envOf(prefix));
    const token = await first.given.uploadToken();
    await first.given.archive({}, token);
    await first.stop();
    await s3.stop();
    const service = await startedService(envOf(prefix), first.place);
    expect(await send(`${service.url}/health/ready`, { method: 'GET' })).toMatchObject({
      status: 503,
    });
    await s3.again();
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
    expect(await send(`${service.url}/health/ready`, { method: 'GET' })).toMatchObject({
      status: 200,
    });
  });

  it('is not another database’s, nor a prefix with other things in it', async () => {
    const prefix = newPrefix();
    const owner = await startedService(envOf(prefix));
    await owner.given.archive();
    await expect(startedService(envOf(prefix))).rejects.toThrow(/STORAGE_URL .*another database/);
    expect(objects(prefix)).toHaveLength(1);
  });
});

describe('a service on S3 that is killed', () => {
  it('leaves what the next one removes, and resumable uploads that go on', async () => {
    const prefix = newPrefix();
    const env = envOf(prefix);
    const dying = await spawnedService(env);
    const token = await dying.given.uploadToken();
    const path = await tus(dying.url, token).begun({ length: large.length });
    await tus(dying.url, token).patch(path, 0, large.subarray(0, 10 * MiB));
    const cut = await uploadUnderWay(dying.url, token);
    await cut.write(large);
    await eventually(() => expect(objects(prefix).join()).toContain('/upload-'));
    expect(s3.uploads()).toHaveLength(1);
    dying.kill('SIGKILL');
    await dying.ended;
    await expect(cut.answer).rejects.toThrow();

    const next = await startedService(env, dying.place);
    await eventually(() => expect(s3.uploads()).toEqual([]));
    const { head, patch, offset } = tus(next.url, token);
    expect(await offset(path)).toBe(10 * MiB);
    const done = await patch(path, 10 * MiB, large.subarray(10 * MiB));
    const id = archiveOf(done);
    expect(archiveOf(await head(path))).toBe(id);
    expect(objects(prefix)).toEqual([`${prefix}/${id.slice(-4, -2)}/${id.slice(-2)}/${id}`]);
    expect(await tokenState(next.url, token)).toMatchObject({ attemptsLeft: 4 });
  });
});

it('the commands read and write S3 themselves: verify, backup, restore', async () => {
  const [prefix, other] = [newPrefix(), newPrefix()];
  const service = await startedService(envOf(prefix));
  const { id } = await service.given.archive({ bytes: large });
  const { place } = service;
  const { dir } = new Backups();
  const env = envOf(prefix);
  expect(await command(['backup', dir], { place, env })).toMatchObject({ code: 0 });
  const elsewhere = await freshPlace();
  const restored = await command(['restore', dir], { place: elsewhere, env: envOf(other) });
  expect(restored).toMatchObject({ code: 0 });
  const again = await startedService(
    { ...envOf(other), SECRET_KEY: 'another key of more than 32 characters' },
    elsewhere,
  );
  expect(objects(other)).toEqual(objects(prefix).map((name) => name.replace(prefix, other)));
  const name = objects(other)[0] ?? '';
  s3.truncate(name, 100);
  const damaged = await command(['verify'], { place: elsewhere, env: envOf(other) });
  expect(damaged).toMatchObject({ code: 1 });
  expect(damaged.stdout).toContain(id);
  await again.stop();
  // Three starts of the program, one after the other.
});

describe('the SDK of S3', () => {
  /** Names the modules of the SDK that a process has loaded, when it ends. */
  const watched = (): string => {
    const hook = join(tempFolder(), 'loaded.cjs');
    writeFileSync(
      hook,
      `process.on('exit', () => {
        const loaded = Object.keys(require.cache).filter((path) => /@(aws-sdk|smithy)/.test(path));
        process.stderr.write('loaded ' + loaded.length + '\\n');
      });`,
    );
    return `--require=${hook}`;
  };

  it('finds credentials where the machine keeps them, in a profile as well', async () => {
    const file = join(tempFolder(), 'credentials');
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, ...rest } = envOf(newPrefix());
    writeFileSync(file, `[logs]\naws_access_key_id=${id}\naws_secret_access_key=${secret}\n`);
    const profile = { AWS_PROFILE: 'logs', AWS_SHARED_CREDENTIALS_FILE: file };
    const service = await spawnedService({ ...rest, ...profile });
    expect(await upload(service.url, await service.given.uploadToken())).toMatchObject({
      status: 201,
    });
  });

  it.each([
    ['is not loaded where the archives are on a disk', () => ({}), /^loaded 0$/m],
    ['is, where they are in S3', () => envOf(newPrefix()), /^loaded [1-9]\d*$/m],
  ])('%s', async (_what, env, expected) => {
    const service = await spawnedService({ ...env(), NODE_OPTIONS: watched() });
    await service.given.archive({ bytes: noise(100) });
    service.kill('SIGTERM');
    expect((await service.ended).stderr).toMatch(expected);
  });
});
