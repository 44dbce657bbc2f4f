import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { Archive } from '../../src/archives/archive.entity.js';
import { schema } from '../../src/schema.js';
import { BlobRecord } from '../../src/storage/blobs/blob-record.entity.js';
import { Backups } from '../support/backups.js';
import { command } from '../support/command.js';
import { isSqlite, postgresPlace, sqlitePlace } from '../support/database.js';
import type { Place } from '../support/database.js';
import { download } from '../support/download.js';
import { Account, admin } from '../support/given.js';
import { startedService } from '../support/service.js';
import { storeFolder } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';
import { upload } from '../support/upload.js';

/**
 * An installation as the program with the first schema left it: two tickets, a token, two archives and an unfinished
 * upload in `data/`, and its backup in `backup/`. It is kept as it is, whatever the schema becomes.
 */
const fixture = resolve(__dirname, '../fixtures/first-schema.tgz');
const env = { SECRET_KEY: 'the key of an earlier installation' };
const content = 'what the customer sent, byte for byte\n';

/** SQLite takes the very file; PostgreSQL the backup, restored into the first schema's tables. */
const earlier = async (): Promise<Place> => {
  const folder = tempFolder();
  execFileSync('tar', ['-xzf', fixture, '-C', folder]);
  if (isSqlite) return sqlitePlace(join(folder, 'data'));
  const place = await postgresPlace();
  const { dir } = new Backups(join(folder, 'backup'));
  expect(await command(['restore', dir], { place, env })).toMatchObject({ code: 0 });
  return place;
};

it('gets a row in the register for each archive, without a look at the bytes', async () => {
  const place = await earlier();
  const [store, aside] = [storeFolder(place), `${storeFolder(place)}-aside`];
  renameSync(store, aside);
  expect(await command(['migrate'], { place, env })).toMatchObject({ code: 0 });
  renameSync(aside, store);
  const { app } = await startedService(env, place);
  const { manager } = app.get(DataSource);
  const archives = await manager.find(Archive, { order: { id: 'ASC' } });
  expect(archives).toHaveLength(2);
  expect(await manager.find(BlobRecord, { order: { key: 'ASC' } })).toEqual(
    archives.map(({ id, size, sha256 }) => ({
      key: id,
      ownerKind: 'archive',
      ownerId: id,
      role: 'original',
      state: 'stored',
      size,
      sha256,
      instance: null,
    })),
  );
});

it('a database and a store of the first schema are brought up to date at the start, and nothing is lost', async () => {
  const place = await earlier();
  const service = await startedService(env, place);
  const [, ...added] = Object.values(schema.migrations) as { readonly name: string }[];
  // A restore has done it before.
  if (isSqlite)
    expect(service.log.events('database.migrated')).toMatchObject([
      { migrations: added.map(({ name }) => name) },
    ]);
  const account = new Account(admin.username, admin.password, '');
  account.recoveryCodes.push('5fk97-ed35q');
  const api = await service.given.signedIn(account);
  const { body } = await api.get('/archives').expect(200);
  const archives = (body as { items: { id: string; ticket: string; size: number }[] }).items;
  expect(archives).toMatchObject([
    { ticket: 'SUP-1', filename: 'second.txt', size: content.length },
    { ticket: 'SUP-1', filename: 'fix-logs.txt', size: content.length },
  ]);
  for (const { id } of archives)
    expect(String((await download(api, id).expect(200)).body)).toBe(content);
  expect((await api.get('/tickets').expect(200)).body.items).toHaveLength(2);
  const ticket = { platform: 'backup-server', number: 'SUP-3' };
  const opened = await api.post('/tickets').send(ticket).expect(201);
  const { value } = (opened.body as { token: { value: string } }).token;
  expect(await upload(service.url, value)).toMatchObject({ status: 201 });
  await service.stop();
  expect(await command(['verify'], { place, env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^3 archives, \d+ bytes, 0 findings\n$/),
  });
  expect(await command(['audit', 'verify'], { place, env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ 0 findings\n/),
  });
});
