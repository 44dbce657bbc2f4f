import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { noise, sha256Of } from '../../support/bytes.js';
import { Backups, flipBit } from '../../support/backups.js';
import { command } from '../../support/command.js';
import { freshPlace } from '../../support/database.js';
import { download } from '../../support/download.js';
import { expectProblem } from '../../support/http.js';
import { startedService } from '../../support/service.js';
import type { TestService } from '../../support/service.js';
import { blobPath, storedFiles } from '../../support/store-files.js';
import { tool } from '../../support/tool.js';
import { upload } from '../../support/upload.js';

let service: TestService;
let backups: Backups;
beforeEach(async () => {
  service = await startedService();
  backups = new Backups();
});
afterEach(() => service.stop());

const archive = async (seed = 1, size = 5000): Promise<string> =>
  String((await service.given.archive({ name: `${seed}.log`, bytes: noise(size, seed) })).id);

const lines = (stdout: string): string[] => stdout.trim().split('\n').slice(0, -1);

describe('the folder of backups', () => {
  it('has each archive once, and only those that a kept backup needs', async () => {
    const [first, second] = [await archive(1), await archive(2)];
    expect((await backups.backup(service.place)).stdout).toMatch(
      /: 2 archives, 10000 bytes; 2 copied, 0 no longer needed\n$/,
    );
    const { api } = await service.given.admin();
    await api.delete(`/archives/${first}`).expect(204);
    const third = await archive(3);
    expect((await backups.backup(service.place, '--keep', '2')).stdout).toMatch(
      /: 2 archives, 10000 bytes; 1 copied, 0 no/,
    );
    // The earlier one still needs it.
    expect(backups.archives).toEqual([first, second, third].sort());
    expect((await backups.backup(service.place, '--keep', '2')).stdout).toMatch(/; 0 copied, 1 no/);
    expect(backups.archives).toEqual([second, third].sort());
    expect(backups.snapshots).toHaveLength(2);
  });

  it('is its owner’s alone, and holds no secret unless it was asked for', async () => {
    const token = await service.given.uploadToken();
    const key = await service.given.apiKey(['archives:read']);
    await service.given.archive({}, token);
    await backups.backup(service.place);
    const secret = readFileSync(join(service.place.dataDir, 'secret.key'), 'utf8');
    const everything = (): string =>
      readdirSync(backups.dir, { recursive: true, withFileTypes: true })
        .filter((entry) => {
          const { mode } = statSync(join(entry.parentPath, entry.name));
          expect(mode & 0o777).toBe(entry.isDirectory() ? 0o700 : 0o600);
          return entry.isFile();
        })
        .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
        .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('latin1'))
        .join('\n');
    const { account } = await service.given.admin();
    const all = everything();
    expect(all).toContain(account.username);
    const secrets = [token.value, key.value, account.password, account.secret];
    for (const one of [...secrets, ...account.recoveryCodes, secret])
      expect(all).not.toContain(one);
    await backups.backup(service.place, '--with-secret-key');
    expect(everything()).toContain(secret);
  });

  it('can be checked with the machine’s own sha256sum', async () => {
    const id = await archive();
    await backups.backup(service.place);
    const list = join(backups.dir, 'snapshots', String(backups.snapshots[0]), 'archives.sha256');
    const check = () => tool('sha256sum', ['-c', list], { cwd: join(backups.dir, 'archives') });
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringContaining(`${id}: OK`) });
    flipBit(backups.pathOf(id));
    expect(await check()).toMatchObject({ code: 1 });
    // Read again, it is copied again.
    expect((await backups.backup(service.place)).stdout).toContain('; 0 copied');
    expect((await backups.backup(service.place, '--verify')).stdout).toContain('; 1 copied');
    expect(await check()).toMatchObject({ code: 0 });
  });

  it('may have lost its empty folders on its way', async () => {
    await archive();
    await backups.backup(service.place);
    for (const entry of readdirSync(join(backups.dir, 'archives'), { withFileTypes: true }))
      if (entry.name.startsWith('.store-') || entry.name === 'partial')
        rmSync(join(backups.dir, 'archives', entry.name), { recursive: true });
    await backups.restoredPlace();
    expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
  });
});

describe('what is damaged', () => {
  it('in the storage is told, and the rest is backed up', async () => {
    const [whole, changed, missing] = [await archive(1), await archive(2), await archive(3)];
    flipBit(blobPath(service.place, changed));
    rmSync(blobPath(service.place, missing));
    const { code, stdout } = await backups.backup(service.place);
    expect(code).toBe(1);
    expect(lines(stdout).sort()).toEqual(
      [`damaged ${changed} "2.log"`, `damaged ${missing} "3.log"`].sort(),
    );
    expect(backups.archives).toEqual([whole]);
    // The rows come back, and so does the knowledge that their bytes are gone.
    const place = await freshPlace();
    const restored = await backups.restore(place);
    expect(restored).toMatchObject({ code: 1 });
    expect(restored.stdout).toMatch(/3 archives, 15000 bytes, 2 findings\n$/);
    const there = await startedService({}, place);
    expect(storedFiles(place)).toEqual([whole]);
    await there.stop();
  });

  it('in the storage after a backup comes back whole', async () => {
    const id = await archive();
    await backups.backup(service.place);
    rmSync(blobPath(service.place, id));
    expect(await command(['verify'], { place: service.place })).toMatchObject({ code: 1 });
    expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
    expect(storedFiles(await backups.restoredPlace())).toEqual([id]);
  });

  it('in the backup is found by a restore, which restores the rest', async () => {
    const [whole, changed] = [await archive(1), await archive(2)];
    const { account } = await service.given.admin();
    await backups.backup(service.place, '--with-secret-key');
    flipBit(backups.pathOf(changed));
    const place = await freshPlace();
    const { code, stdout } = await backups.restore(place);
    expect(code).toBe(1);
    expect(lines(stdout)).toContain(`damaged ${changed} "2.log"`);
    expect(stdout).toMatch(/2 archives, 10000 bytes, 1 findings\n$/);
    const there = await startedService({}, place);
    const api = await there.given.signedIn(account);
    expect(sha256Of((await download(api, whole)).body as Buffer)).toBe(sha256Of(noise(5000, 1)));
    expectProblem(await api.get(`/archives/${changed}/content`), 'archive-damaged');
    await there.stop();
  });

  it('in the rows of the backup is found before anything is restored', async () => {
    const id = await archive();
    await backups.backup(service.place);
    await backups.backup(service.place);
    const [earlier, newest] = backups.snapshots;
    for (const file of ['rows.jsonl.gz', 'archives.sha256', 'manifest.json'])
      flipBit(join(backups.dir, 'snapshots', String(newest), file));
    const place = await freshPlace();
    const refused = await backups.restore(place);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`--snapshot ${earlier}`);
    expect(await backups.restore(place, '--snapshot', String(earlier))).toMatchObject({ code: 0 });
    expect(storedFiles(place)).toEqual([id]);
    // Who knows what the damaged one needs: nothing is removed.
    const { api } = await service.given.admin();
    await api.delete(`/archives/${id}`).expect(204);
    expect(await backups.backup(service.place)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The new backup is whole, but .* of an older one is not/),
    });
    expect(backups.archives).toEqual([id]);
  });
});

describe('without the SECRET_KEY of the backup', () => {
  it('a restore says who cannot prove their second factor, and what is missing', async () => {
    const ann = await service.given.engineer('ann');
    await backups.backup(service.place);
    const place = await freshPlace();
    const restored = await backups.restore(place);
    expect(restored).toMatchObject({ code: 0 });
    expect(restored.stderr).toMatch(/SECRET_KEY is not .*user reset-second-factor.* ann, root\n$/);
    expect(await command(['user', 'reset-second-factor', 'ann'], { place })).toMatchObject({
      code: 0,
    });
    const there = await startedService({}, place);
    await there.given.enrolled('ann', ann.account.password);
    await there.stop();
  });

  it('nothing is missing where it is given, or was put beside the data', async () => {
    const token = await service.given.uploadToken();
    await backups.backup(service.place, '--with-secret-key');
    const place = await freshPlace();
    const SECRET_KEY = readFileSync(join(service.place.dataDir, 'secret.key'), 'utf8');
    const given = await command(['restore', backups.dir], { place, env: { SECRET_KEY } });
    expect(given).toMatchObject({ code: 0, stderr: '' });
    const beside = await freshPlace();
    expect(await backups.restore(beside)).toMatchObject({ code: 0, stderr: '' });
    expect(await command(['audit', 'verify'], { place: beside })).toMatchObject({ code: 0 });
    const there = await startedService({}, beside);
    expect(await upload(there.url, token)).toMatchObject({ status: 201 });
    await there.stop();
  });
});
