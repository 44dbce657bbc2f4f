import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Backups } from '../../support/backups.js';
import { noise, sha256Of } from '../../support/bytes.js';
import { freshPlace, isSqlite } from '../../support/database.js';
import type { Place } from '../../support/database.js';
import { download } from '../../support/download.js';
import { eventually } from '../../support/eventually.js';
import { itUnless } from '../../support/left-out.js';
import { program } from '../../support/program.js';
import { startedService } from '../../support/service.js';
import type { TestService } from '../../support/service.js';
import { noMounts, smallVolume } from '../../support/small-volume.js';
import { blobPath, storedFiles } from '../../support/store-files.js';
import { tempFolder } from '../../support/temp-folder.js';

let service: TestService;
let backups: Backups;
beforeEach(async () => {
  service = await startedService();
  backups = new Backups();
});
afterEach(() => service.stop());

const archives = async (count: number, size = 1000): Promise<string[]> => {
  const token = await service.given.uploadToken({ attempts: 1000 });
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1)
    ids.push(String((await service.given.archive({ bytes: noise(size, at) }, token)).id));
  return ids;
};

/** Whoever reads this file waits until it is as it was: a moment that a story can hold fast. */
const heldFast = (path: string): (() => void) => {
  renameSync(path, `${path}.aside`);
  execFileSync('mkfifo', [path]);
  return () => renameSync(`${path}.aside`, path);
};

const inBackup = (ids: readonly (string | undefined)[]) =>
  eventually(() => expect(backups.archives).toEqual(expect.arrayContaining(ids)));

describe('a backup that is broken off', () => {
  it('by a kill leaves the earlier ones whole, and the next goes on with what was copied', async () => {
    const old = await archives(2);
    expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
    const fresh = await archives(6);
    const [last = '', ...others] = [...fresh].reverse();
    const release = heldFast(blobPath(service.place, last));
    const killed = await program(['backup', backups.dir], {}, service.place);
    await inBackup(others);
    killed.kill('SIGKILL');
    await killed.ended;
    release();
    // As if it had been killed a little earlier, or later.
    writeFileSync(join(backups.dir, 'archives/partial', last), 'half');
    const unfinished = join(backups.dir, 'snapshots/2999-01-01T00-00-00.000Z');
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, 'rows.jsonl.gz'), 'half');

    const place = await backups.restoredPlace();
    expect(storedFiles(place)).toEqual([...old].sort());
    const next = await backups.backup(service.place);
    expect(next).toMatchObject({ code: 0 });
    expect(next.stdout).toContain(': 8 archives, 8000 bytes; 1 copied');
    expect(existsSync(unfinished)).toBe(false);
    expect(backups.archives).toEqual([...old, ...fresh].sort());
  });

  it('by SIGTERM says so, and leaves nothing half done', async () => {
    const ids = await archives(6);
    const [last = '', ...others] = [...ids].reverse();
    const held = blobPath(service.place, last);
    const release = heldFast(held);
    const ended = await program(['backup', backups.dir], {}, service.place);
    await inBackup(others);
    ended.kill('SIGTERM');
    // What it waited for turns out to be empty.
    writeFileSync(held, '');
    expect(await ended.ended).toMatchObject({
      code: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/^Interrupted: no new backup was made.*\n$/),
    });
    release();
    expect(backups.snapshots).toEqual([]);
    expect(backups.archives.filter((name) => name.startsWith('partial'))).toEqual([]);
    expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
    expect(backups.archives).toEqual([...ids].sort());
  });

  it('by another one that works there is not begun', async () => {
    const [id = ''] = await archives(1);
    const release = heldFast(blobPath(service.place, id));
    const first = await program(['backup', backups.dir], {}, service.place);
    await eventually(() => expect(existsSync(join(backups.dir, 'archives/partial'))).toBe(true));
    expect(await backups.backup(service.place)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Another backup or restore works in .*\n$/),
    });
    first.kill('SIGKILL');
    await first.ended;
    release();
    expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
  });
});

it('a restore that is killed is run again, and goes on with what it has', async () => {
  const ids = await archives(6);
  await backups.backup(service.place);
  const [last = '', ...others] = [...ids].reverse();
  const release = heldFast(backups.pathOf(last));
  const place = await freshPlace();
  const killed = await program(['restore', backups.dir], {}, place);
  await eventually(() => {
    for (const id of others) expect(existsSync(blobPath(place, id))).toBe(true);
  });
  killed.kill('SIGKILL');
  await killed.ended;
  release();
  // One of them did not come whole.
  const [first = ''] = others;
  writeFileSync(blobPath(place, first), 'torn');
  writeFileSync(join(place.dataDir, 'archives/partial', last), 'half');
  expect(await backups.restore(place)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/6 archives, 6000 bytes, 0 findings\n$/),
  });
  expect(storedFiles(place)).toEqual([...ids].sort());
  // Once it is through, a third one would write over what is there.
  expect(await backups.restore(place)).toMatchObject({ code: 1 });
});

itUnless(noMounts)('a full disk ends a backup, and leaves the earlier one whole', async () => {
  const { dataDir } = await smallVolume(2 * 1024 * 1024);
  backups = new Backups(join(dataDir, 'backups'));
  const old = await archives(1);
  expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
  const [snapshot] = backups.snapshots;
  const [large = ''] = await archives(1, 4 * 1024 * 1024);
  const { code, stdout, stderr } = await backups.backup(service.place);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^There is no room left in [^\n]*\n$/);
  expect(stderr).toContain(`that of ${snapshot} is whole`);
  expect(backups.archives).toEqual(old);
  expect(storedFiles(await backups.restoredPlace())).toEqual(old);
  const { api } = await service.given.admin();
  await api.delete(`/archives/${large}`).expect(204);
  expect(await backups.backup(service.place)).toMatchObject({ code: 0 });
});

/** From here to there and back. */
const otherDatabase = (): Place => {
  const dataDir = tempFolder();
  const path = join(dataDir, 'logs-collector.sqlite');
  return { dataDir, databaseUrl: `sqlite:${path}`, target: { kind: 'sqlite', path } };
};

if (!isSqlite)
  it('a backup moves a service from PostgreSQL to SQLite, and back', async () => {
    const bytes = noise(5000);
    const note = 'a “note”\u2028 with \\ and "quotes"\nin two lines';
    const { number, token } = await service.given.ticket({ note });
    const { id } = await service.given.archive({ bytes }, token);
    const { account } = await service.given.admin();
    await backups.backup(service.place, '--with-secret-key');
    const there = otherDatabase();
    expect(await backups.restore(there)).toMatchObject({ code: 0, stderr: '' });
    const onward = new Backups();
    expect(await onward.backup(there, '--with-secret-key')).toMatchObject({ code: 0 });
    const back = await startedService({}, await onward.restoredPlace());
    const api = await back.given.signedIn(account);
    expect((await download(api, String(id))).body).toEqual(bytes);
    expect(sha256Of(bytes)).toBe((await api.get(`/archives/${id}`)).body.sha256);
    const ticket = await api.get(`/tickets/${number}`).expect(200);
    expect(ticket.body).toMatchObject({ note, archives: { count: 1, bytes: 5000 } });
    await back.stop();
    rmSync(there.dataDir, { recursive: true });
  });
