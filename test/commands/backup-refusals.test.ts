import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Backups } from '../support/backups.js';
import { command } from '../support/command.js';
import { freshPlace, isSqlite } from '../support/database.js';
import type { Place } from '../support/database.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storeFolder, storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';

let service: TestService;
let backups: Backups;
beforeAll(async () => {
  service = await startedService();
  await service.given.archive();
  backups = new Backups();
  expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
});
afterAll(() => service.stop());

const run = (place: Place, ...args: string[]) => command(args, { place });
const expectRefused = async (
  running: ReturnType<typeof command>,
  sentence: RegExp,
): Promise<void> => {
  const { code, stdout, stderr } = await running;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(sentence);
  expect(stderr.trim().split('\n')).toHaveLength(1);
};

describe('backup refuses', () => {
  it('a folder that holds something else, or is another installation’s', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'holiday.jpg'), '');
    await expectRefused(run(service.place, 'backup', folder), /holds other files and no backup/);
    const other = await startedService();
    await expectRefused(run(other.place, 'backup', backups.dir), /of another installation/);
    await other.stop();
  });

  it('the storage itself, whose sweep would remove it', async () => {
    const within = join(storeFolder(service.place), 'backups');
    await expectRefused(run(service.place, 'backup', within), /lies in the storage itself/);
  });

  it('a number of backups that makes no sense', async () => {
    for (const keep of ['0', '-1', 'all', '1e3'])
      await expectRefused(
        run(service.place, 'backup', backups.dir, `--keep=${keep}`),
        /--keep holds "/,
      );
  });

  it('to go without a folder, and has help', async () => {
    for (const name of ['backup', 'restore']) {
      await expectRefused(run(service.place, name), /missing required argument 'dir'/);
      const help = await run(service.place, name, '--help');
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain(`Usage: logs-collector ${name} [options] <dir>`);
    }
  });
});

describe('restore refuses', () => {
  it('a folder without a backup, and a backup that is not there', async () => {
    const place = await freshPlace();
    await expectRefused(run(place, 'restore', tempFolder()), /There is no backup in /);
    await expectRefused(run(place, 'restore', '/nowhere'), /There is no backup in \/nowhere/);
    await expectRefused(
      run(place, 'restore', backups.dir, '--snapshot', '../../etc'),
      new RegExp(`no snapshot ../../etc; there are ${backups.snapshots[0]}`),
    );
  });

  it('a database that is served, or was used', async () => {
    await expectRefused(
      run(service.place, 'restore', backups.dir),
      isSqlite ? /already serves/ : /is not empty \(it has .*users/,
    );
    const place = await freshPlace();
    await command(['user', 'create', 'ann'], { place, stdin: 'a long and unusual phrase 7\n' });
    await expectRefused(run(place, 'restore', backups.dir), /is not empty \(it has .*users/);
  });

  it('a storage that is not empty', async () => {
    const place = await freshPlace();
    mkdirSync(storeFolder(place), { recursive: true });
    writeFileSync(join(storeFolder(place), 'notes.txt'), '');
    await expectRefused(run(place, 'restore', backups.dir), /holds other files/);
    expect(storedFiles(place)).toEqual(['notes.txt']);
    // Also another service's, which has the bytes that the backup has.
    const env = { STORAGE_URL: `file:${storeFolder(service.place)}` };
    await expectRefused(
      command(['restore', backups.dir], { place: await freshPlace(), env }),
      /another database's archives/,
    );
    expect(storedFiles(service.place)).toHaveLength(1);
  });

  it('a backup that a newer program made', async () => {
    const newer = new Backups();
    await newer.backup(service.place);
    const manifest = join(newer.dir, 'snapshots', String(newer.snapshots[0]), 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    const place = await freshPlace();
    writeFileSync(manifest, text.replace('"migrations": [', '"migrations": ["Later1999", '));
    await expectRefused(run(place, 'restore', newer.dir), /newer program \(it has Later1999\)/);
    writeFileSync(manifest, text.replace('"format": 1', '"format": 2'));
    await expectRefused(run(place, 'restore', newer.dir), /newer program \(it has the format 2/);
    writeFileSync(manifest, text);
    expect(await newer.restore(place)).toMatchObject({ code: 0 });
  });
});

it('a service that was started in the new place before finds the restored data there', async () => {
  const place = await freshPlace();
  const before = await startedService({ ADMIN_USERNAME: '', ADMIN_PASSWORD: '' }, place);
  await before.stop();
  expect(await backups.restore(place)).toMatchObject({ code: 0 });
  expect(storedFiles(place)).toEqual(storedFiles(service.place));
});
