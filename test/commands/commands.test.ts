import { mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noise } from '../support/bytes.js';
import { command } from '../support/command.js';
import { freshPlace, isSqlite } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { admin } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, storeFolder, storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

// Commands run beside the service, as operators run them.
let service: TestService;
beforeEach(async () => {
  service = await startedService();
});
afterEach(() => service.stop());

const run = (args: readonly string[], stdin = '') => command(args, { place: service.place, stdin });
const stray = (name: string): string => {
  const path = join(storeFolder(service.place), name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, 'stray');
  return path;
};
/** A key that no record names, as a crash between two steps would leave it. */
const orphanKey = '01a1fb00-0000-7000-8000-0000000000ab';

describe('verify', () => {
  it('finds nothing where nothing is wrong', async () => {
    await service.given.archive({ bytes: noise(1000) });
    await service.given.archive({ bytes: noise(2000) });
    expect(await run(['verify'])).toEqual({
      code: 0,
      signal: null,
      stdout: '2 archives, 3000 bytes, 0 findings\n',
      stderr: '',
    });
  });

  it('finds what changed, what is missing and what nobody knows', async () => {
    const [changed, shorter, missing, intact] = await Promise.all(
      ['changed', 'shorter', 'missing', 'intact'].map(async (name) =>
        String((await service.given.archive({ name: `${name}.log`, bytes: noise(5000) })).id),
      ),
    );
    const pathOf = (id: string | undefined) => blobPath(service.place, id ?? '');
    const bytes = readFileSync(pathOf(changed));
    bytes.writeUInt8(bytes.readUInt8(2500) ^ 1, 2500);
    writeFileSync(pathOf(changed), bytes);
    writeFileSync(pathOf(shorter), bytes.subarray(0, 4999));
    rmSync(pathOf(missing));
    stray('notes.txt');
    stray(`00/ab/${orphanKey}`);
    const { code, stdout } = await run(['verify']);
    expect(code).toBe(1);
    expect(stdout.trim().split('\n').sort()).toEqual(
      [
        `changed ${changed} "changed.log"`,
        `changed ${shorter} "shorter.log"`,
        `missing ${missing} "missing.log"`,
        'orphaned notes.txt',
        `orphaned ${orphanKey}`,
        '4 archives, 20000 bytes, 5 findings',
      ].sort(),
    );
    // They are not offered any more, and the audit says since when.
    const { api } = await service.given.admin();
    expectProblem(await api.get(`/archives/${changed}/content`), 'archive-damaged');
    expect((await api.get(`/archives/${missing}`)).body).toMatchObject({ state: 'damaged' });
    expect((await api.get(`/archives/${intact}`)).body).toMatchObject({ state: 'stored' });
    const { body } = await api.get('/audit-events?action=archive.damaged').expect(200);
    expect((body as { items: unknown[] }).items).toHaveLength(3);

    // Once the byte is right again, so is the archive.
    bytes.writeUInt8(bytes.readUInt8(2500) ^ 1, 2500);
    writeFileSync(pathOf(changed), bytes);
    expect((await run(['verify'])).stdout).toContain('4 findings');
    await api.get(`/archives/${changed}/content`).expect(200);
  });

  it('takes an upload under way for what it is', async () => {
    const token = await service.given.uploadToken();
    const running = await uploadUnderWay(service.url, token);
    expect(await run(['verify'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0 /) });
    expect(await running.finish()).toMatchObject({ status: 201 });
  });

  it('marks nothing where the storage is not there', async () => {
    const { id } = await service.given.archive();
    rmSync(storeFolder(service.place), { recursive: true });
    mkdirSync(storeFolder(service.place));
    const { code, stderr } = await run(['verify']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${storeFolder(service.place)} is not this database's storage`);
    const { api } = await service.given.admin();
    expect((await api.get(`/archives/${id}`)).body).toMatchObject({ state: 'stored' });
  });
});

it('a command that is led to another place says so and what to do, and touches nothing', async () => {
  await service.given.archive();
  const elsewhere = tempFolder();
  writeFileSync(join(elsewhere, 'notes.txt'), "somebody else's");
  const wrong = async (url: string, args: readonly string[]) => {
    const env = { STORAGE_URL: url, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };
    const { code, stdout, stderr } = await command(args, { place: service.place, env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).not.toContain('"level"');
    expect(stderr).toMatch(/^Nothing was done: .+ STORAGE_URL .+\n$/m);
    return stderr;
  };
  for (const args of [['verify'], ['sweep', '--force'], ['backup', join(tempFolder(), 'b')]])
    expect(await wrong(`file:${elsewhere}`, args)).toContain(
      `${elsewhere} is not this database's storage`,
    );
  expect(await wrong('s3://bucket/a?endpoint=http://127.0.0.1:9', ['verify'])).toContain(
    'ECONNREFUSED',
  );
  expect(readdirSync(elsewhere)).toEqual(['notes.txt']);
  expect(await run(['verify'])).toMatchObject({ code: 0 });
});

describe('sweep', () => {
  it('removes what nobody knows, and nothing else', async () => {
    const { id } = await service.given.archive();
    const token = await service.given.uploadToken();
    const running = await uploadUnderWay(service.url, token);
    stray('notes.txt');
    stray('partial/left-over');
    const old = stray(`partial/${orphanKey}`);
    utimesSync(old, 0, 0);
    stray(`00/ab/${orphanKey}`);
    const before = await eventually(() => {
      const files = storedFiles(service.place);
      expect(files).toHaveLength(6);
      return files;
    });
    const dry = await run(['sweep', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stdout.trim().split('\n').sort()).toEqual(
      [
        '"notes.txt"',
        '"partial/left-over"',
        '4 orphans would be removed',
        `"blob ${orphanKey}"`,
        `"partial ${orphanKey}"`,
      ].sort(),
    );
    expect(storedFiles(service.place)).toEqual(before);

    const swept = await run(['sweep']);
    expect(swept).toMatchObject({
      code: 0,
      stdout: '0 uploads given back, 0 deletions finished, 4 orphans removed\n',
    });
    const answer = await running.finish();
    expect(answer).toMatchObject({ status: 201 });
    expect(storedFiles(service.place)).toEqual([String(id), String(answer.body.id)].sort());
    expect(await run(['verify'])).toMatchObject({ code: 0 });
  });

  it('refuses to remove so many that the storage seems to be another one, unless forced', async () => {
    const { id } = await service.given.archive();
    for (let at = 0; at < 101; at += 1) stray(`other/${at}`);
    const refused = await run(['sweep']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/101 of 102 files .* --force/);
    expect(storedFiles(service.place)).toHaveLength(102);
    expect(await run(['sweep', '--force'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('101 orphans removed'),
    });
    expect(storedFiles(service.place)).toEqual([id]);
  });

  it('deletes no record and no file of a storage that is not its own', async () => {
    const { id } = await service.given.archive();
    const other = await startedService();
    const { id: foreign } = await other.given.archive();
    const env = { STORAGE_URL: `file:${storeFolder(other.place)}` };
    for (const args of [['sweep', '--force'], ['verify']]) {
      const { code, stderr } = await command(args, { place: service.place, env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/storage/i);
    }
    expect(storedFiles(other.place)).toEqual([foreign]);
    expect(storedFiles(service.place)).toEqual([id]);
    const { api } = await service.given.admin();
    expect((await api.get(`/archives/${id}`)).body).toMatchObject({ state: 'stored' });
  });
});

describe('user', () => {
  const password = 'a long and unusual pass phrase 7';

  it('makes an account, whose owner enrols a second factor', async () => {
    const made = await run(['user', 'create', 'ann'], `${password}\n`);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const ann = await service.given.enrolled('ann', password);
    const { body } = await ann.api.get('/auth/session').expect(200);
    expect(body).toMatchObject({ user: { username: 'ann', role: 'engineer' }, aal: 2 });
    const boss = await run(['user', 'create', 'bob', '--role', 'admin'], password);
    expect(boss).toMatchObject({ code: 0 });
    const list = await run(['user', 'list']);
    expect(list.stdout.trim().split('\n').sort()).toEqual([
      'ann\tengineer\tenabled\t2fa',
      'bob\tadmin\tenabled\tno-2fa',
      `${admin.username}\tadmin\tenabled\tno-2fa`,
    ]);
    expect(made.stdout + list.stdout).not.toContain(password);
  });

  it('says what is wrong with what it was given, and changes nothing', async () => {
    const wrong: [readonly string[], string, RegExp][] = [
      [['user', 'create', 'ann'], 'short\n', /password/i],
      [['user', 'create', 'ann'], '', /standard input/],
      [['user', 'create', 'bad name!'], `${password}\n`, /username/i],
      [['user', 'create', admin.username], `${password}\n`, /./],
      [['user', 'create', 'ann', '--role', 'owner'], password, /--role.*engineer or admin/],
      [['user', 'set-password', 'nobody'], `${password}\n`, /no user "nobody"/],
      [['user', 'create'], '', /username/],
      [['nonsense'], '', /unknown command|too many arguments/],
    ];
    for (const [args, stdin, said] of wrong) {
      const refused = await run(args, stdin);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(said);
    }
    expect((await run(['user', 'list'])).stdout.trim().split('\n')).toHaveLength(1);
  });

  it('sets a password, which ends all sessions', async () => {
    const { api } = await service.given.admin();
    const set = await run(['user', 'set-password', admin.username], `${password}\n`);
    expect(set).toMatchObject({ code: 0, stderr: '' });
    expect((await api.get('/tickets')).status).toBe(401);
    const again = service.given.stranger();
    await again.post('/auth/login').send(admin).expect(401);
    await again
      .post('/auth/login')
      .send({ ...admin, password })
      .expect(200);
  });

  it('removes a lost second factor, so that a new one is enrolled', async () => {
    const ann = await service.given.engineer('ann');
    expect(await run(['user', 'reset-second-factor', 'ann'])).toMatchObject({ code: 0 });
    expect((await ann.api.get('/tickets')).status).not.toBe(200);
    const again = await service.given.enrolled('ann', ann.account.password);
    await again.api.get('/tickets').expect(200);
  });
});

describe('the other commands', () => {
  it('migrate brings a new database up to date, also twice, and serve then starts', async () => {
    const place = await freshPlace();
    for (let times = 0; times < 2; times += 1)
      expect(await command(['migrate'], { place })).toEqual({
        code: 0,
        signal: null,
        stdout: 'The database is up to date.\n',
        stderr: '',
      });
    const started = await startedService({}, place);
    const token = await started.given.uploadToken();
    expect(await upload(started.url, token)).toMatchObject({ status: 201 });
    expect(await tokenState(started.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('openapi prints the document, without a database or a folder', async () => {
    const { code, stdout, stderr } = await run(['openapi']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\./),
      paths: { '/api/v1/archives': { post: {} }, '/api/v1/upload-token': { get: {} } },
    });
  });

  it('help is there for each of them', async () => {
    for (const args of [[], ['sweep'], ['user', 'create'], ['jobs', 'list']]) {
      const { code, stdout } = await run([...args, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Usage: logs-collector');
    }
  });

  it('none works where the environment makes no sense, and each says why in one line', async () => {
    const env = { MAX_UPLOADS: 'many' };
    for (const args of [['serve'], ['migrate'], ['user', 'list']]) {
      const { code, stdout, stderr } = await command(args, { place: service.place, env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^[^\n]*MAX_UPLOADS[^\n]*many[^\n]*\n$/);
    }
  });

  if (isSqlite)
    it('serve refuses a database that is served already', async () => {
      const { code, stderr } = await run(['serve']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^[^\n]*already serves[^\n]*\n$/);
      expect(await upload(service.url, await service.given.uploadToken())).toMatchObject({
        status: 201,
      });
    });
});
