import { DataSource } from 'typeorm';
import { archiveOwner } from '../../src/archives/archive-blobs.service.js';
import { ArchiveDeletion } from '../../src/archives/archive-deletion.service.js';
import { systemActor } from '../../src/http/actor.js';
import { BackupService } from '../../src/backup/backup.service.js';
import { runRestore } from '../../src/commands/backup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createLog } from '../../src/http/log.js';
import { startService } from '../../src/main.js';
import { SweepService, nameOf } from '../../src/maintenance/sweep.service.js';
import { VerifyService } from '../../src/maintenance/verify.service.js';
import { BlobStore } from '../../src/storage/blob-store.js';
import { BlobRecord } from '../../src/storage/blobs/blob-record.entity.js';
import { BlobRegister } from '../../src/storage/blobs/blob-register.service.js';
import { DerivedBlobs } from '../../src/storage/blobs/derived-blobs.service.js';
import { Tombstone } from '../../src/storage/blobs/tombstone.entity.js';
import { Tombstones } from '../../src/storage/blobs/tombstones.service.js';
import { LocalDisk } from '../../src/storage/local-disk.js';

/**
 * A service that says what it found at its start, does one deed with an archive's derived blob, and kills itself at a
 * moment of it: `derived-blob <deed> <moment> <archive> <folder of backups>`.
 */
const [deed = '', moment = '', archive = '', folder = ''] = process.argv.slice(2);

/** SIGKILL ends the process at once, but not before this call returns. */
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

const diesAt = (name: string): Promise<void> => (moment === name ? die() : Promise.resolve());

const owner = archiveOwner(archive);
const piece = Buffer.alloc(200_000, 'what was derived, ');

async function* derived(): AsyncIterable<Buffer> {
  yield await Promise.resolve(piece);
  await diesAt('in the midst of its bytes');
  yield piece;
}

/** Kills before or after the nth call of a method. */
const killing = (target: object, method: string, nth: number, when: 'before' | 'after'): void => {
  const methods = target as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const real = methods[method];
  let calls = 0;
  methods[method] = async function (...given) {
    calls += 1;
    if (calls === nth && when === 'before') return die();
    const result = await real?.apply(this, given);
    return calls === nth ? die() : result;
  };
};

const restore = async (): Promise<void> => {
  // The archive's own bytes are one of the two, its derived blob's the other.
  if (moment === 'between two blobs') killing(LocalDisk.prototype, 'begin', 2, 'before');
  await runRestore(folder, {});
  await diesAt('after its rows');
};

const serve = async (): Promise<void> => {
  const config = loadConfig(process.env);
  const service = await startService(config, createLog('warn', process.stderr));
  const { app } = service;
  await app.get(SweepService).dropPartials();
  const { manager } = app.get(DataSource);
  const { findings } = await app.get(VerifyService).verify();
  const blob = await app.get(BlobRegister).of(owner, 'index');
  const found = {
    event: 'found',
    findings: findings.map((finding) => `${finding.kind} ${finding.id}`),
    unburied:
      (await manager.count(Tombstone)) + (await manager.countBy(BlobRecord, { state: 'coming' })),
    blobs: await manager.count(BlobRecord),
    index: blob?.sha256 ?? null,
    stray: (await app.get(SweepService).orphans()).orphans.map(nameOf),
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
  const store = app.get(BlobStore);
  if (deed === 'write') {
    if (moment === 'before its first byte') killing(store, 'begin', 1, 'before');
    const begin = store.begin.bind(store);
    store.begin = async (key) => {
      const partial = await begin(key);
      if (moment === 'before it is durable') killing(partial, 'commit', 1, 'before');
      if (moment === 'before it is recorded') killing(partial, 'commit', 1, 'after');
      return partial;
    };
    if (moment === 'before the one that it replaces is removed')
      killing(app.get(Tombstones), 'buryQuietly', 1, 'before');
    const keep = (): Promise<void> => diesAt('within the transaction that records it');
    await app.get(DerivedBlobs).write(owner, 'index', derived(), { keep });
  }
  if (deed === 'delete') {
    if (moment === 'before its bytes go') killing(store, 'remove', 1, 'before');
    if (moment === 'after one of its blobs went') killing(store, 'remove', 1, 'after');
    if (moment === 'after both of its blobs went') killing(store, 'remove', 2, 'after');
    const keys = await app.get(ArchiveDeletion).remove(archive, systemActor, 'archive.expired');
    await app.get(Tombstones).bury(keys ?? []);
  }
  if (deed === 'backup') {
    // The store is one, too, where it lies on the disk; this counts what the backup's folder begins.
    if (moment === 'between two blobs') killing(LocalDisk.prototype, 'begin', 2, 'before');
    const options = { keep: 1, verify: false, withSecretKey: true };
    const { signal } = new AbortController();
    await app.get(BackupService).backup(folder, { ...options, signal });
    await diesAt('after its manifest');
  }
  await service.stop();
};

void (deed === 'restore' ? restore() : serve());
