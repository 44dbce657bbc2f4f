import { readFileSync } from 'node:fs';
import { Not } from 'typeorm';
import type { DataSource } from 'typeorm';
import { StoreIdentity, storeIdSetting } from '../maintenance/store-identity.service.js';
import type { Config } from '../config/config.js';
import type { Schema } from '../database/data-source.js';
import { Setting } from '../database/setting.entity.js';
import { keptSecretKey, secretKeyIn } from '../secrets/secret-key-file.js';
import { Keyring } from '../secrets/secrets.js';
import { blobKey } from '../storage/blob-store.js';
import type { BlobKey, BlobStore } from '../storage/blob-store.js';
import { original } from '../storage/blobs/blob-record.entity.js';
import { isFull } from './backup-folder.js';
import type { BackupFolder } from './backup-folder.js';
import {
  BackupNewer,
  DatabaseNotEmpty,
  Interrupted,
  SnapshotDamaged,
  StoreFull,
  StoreNotEmpty,
} from './backup.errors.js';
import { keyPurpose } from './backup.service.js';
import { copyBlob, holds, someAtOnce } from './blob-copy.js';
import type { Recorded } from './blob-copy.js';
import { insertRows, mostParameters, usedTables, withoutTimeout } from './filling.js';
import { keyFile, rowsFile } from './manifest.js';
import type { Manifest } from './manifest.js';
import { cell, unpackedRows } from './rows-file.js';
import type { PackedRow } from './rows-file.js';

export interface Snapshot {
  readonly name: string;
  readonly manifest: Manifest;
}

export interface Restored {
  readonly archives: number;
  /** Of all blobs. */
  readonly bytes: number;
  /** Keys of blobs whose bytes are not in the backup, or not as they were. */
  readonly damaged: readonly BlobKey[];
}

const nameOf = (migration: unknown): string =>
  typeof migration === 'function' ? migration.name : String(migration);

/** The schema as it was when the backup was made: what came later is migrated afterwards. @throws BackupNewer */
export const schemaAt = ({ entities, migrations }: Schema, { manifest }: Snapshot): Schema => {
  const all = Object.values(migrations);
  const unknown = manifest.migrations.filter((name) => !all.map(nameOf).includes(name));
  if (unknown.length > 0) throw new BackupNewer(unknown.join(', '));
  const then = all.filter((migration) => manifest.migrations.includes(nameOf(migration)));
  return { entities, migrations: then };
};

/**
 * Puts the backup's key into DATA_DIR, where the backup has one and there is none yet.
 * @throws SnapshotDamaged
 */
export const restoreSecretKey = (
  folder: BackupFolder,
  snapshot: Snapshot,
  config: Config,
): void => {
  const { name, manifest } = snapshot;
  const isWanted = config.SECRET_KEY === undefined && secretKeyIn(config.DATA_DIR) === null;
  if (!isWanted || !manifest.secretKey.included) return;
  const path = folder.path(name, keyFile);
  const key = readFileSync(path, 'utf8');
  if (!isKeyOf(snapshot, new Keyring(key))) throw new SnapshotDamaged(path, []);
  keptSecretKey(config.DATA_DIR, () => key);
};

/** Whether these are the keys that the backup's secrets were sealed with. */
export const isKeyOf = ({ name, manifest }: Snapshot, keyring: Keyring): boolean =>
  keyring.isSigned(keyPurpose, name, manifest.secretKey.proof);

/**
 * Puts a snapshot into an empty database and an empty storage. The blobs come first, the rows in one transaction
 * after them: until then the database is empty, so that a restore that was broken off is simply run again, and no
 * service ever shows an archive that is still to come.
 */
export class Restore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly folder: BackupFolder,
    private readonly snapshot: Snapshot,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws DatabaseNotEmpty, StoreNotEmpty, NotAStore, StoreFull, Interrupted, StorageNotThere, StorageUnavailable */
  async run(): Promise<Restored> {
    try {
      await this.assertDatabaseEmpty();
      // A new id for the store: the old one may still stand, and must not be taken for this database's.
      await new StoreIdentity(this.dataSource, this.store).take(true);
      await this.assertStoreEmpty();
      const restored = await this.copyBlobs();
      await this.loadRows();
      return restored;
    } catch (cause) {
      if (this.signal.aborted) throw new Interrupted('restore');
      throw isFull(cause) ? new StoreFull({ cause }) : cause;
    }
  }

  private async assertDatabaseEmpty(): Promise<void> {
    const tables = Object.keys(this.snapshot.manifest.rows.tables);
    const used = await usedTables(this.dataSource.manager, tables);
    if (used.length > 0) throw new DatabaseNotEmpty(used);
  }

  /** Blobs of this backup may be there: a restore was broken off. Partial files are copied again. */
  private async assertStoreEmpty(): Promise<void> {
    const expected = new Set(await this.folder.listed(this.snapshot.name));
    for await (const stored of this.store.list()) {
      if (stored.kind === 'foreign') throw new StoreNotEmpty(stored.name);
      if (!expected.has(stored.key)) throw new StoreNotEmpty(stored.key);
      if (stored.kind === 'partial') await (await this.store.resume(stored.key)).discard();
    }
  }

  private async copyBlobs(): Promise<Restored> {
    let [archives, bytes] = [0, 0];
    const damaged: BlobKey[] = [];
    await someAtOnce(this.blobs(), this.signal, async (blob, either) => {
      if (blob.isOriginal) archives += 1;
      bytes += blob.size;
      if (await holds(this.store, blob, true)) return;
      if ((await copyBlob(this.folder.blobs, this.store, blob, either)) === 'damaged')
        damaged.push(blob.key);
    });
    return { archives, bytes, damaged };
  }

  private rows(): AsyncIterable<PackedRow> {
    return unpackedRows(this.folder.path(this.snapshot.name, rowsFile));
  }

  /** What the register of the backup names. Before there was a register each archive was the one blob of its row. */
  private async *blobs(): AsyncIterable<Recorded & { readonly isOriginal: boolean }> {
    const hasRegister = Object.hasOwn(this.snapshot.manifest.rows.tables, 'blobs');
    for await (const row of this.rows())
      if (row.table === (hasRegister ? 'blobs' : 'archives'))
        yield {
          key: blobKey(String(cell(row, hasRegister ? 'key' : 'id'))),
          size: Number(cell(row, 'size')),
          sha256: String(cell(row, 'sha256')),
          isOriginal: !hasRegister || cell(row, 'role') === original,
        };
  }

  private async loadRows(): Promise<void> {
    const counts = new Map<string, number>();
    await this.dataSource.transaction(async (tx) => {
      await withoutTimeout(tx);
      // Of a start before the restore: its set-up link ends here.
      await tx.delete(Setting, { name: Not(storeIdSetting) });
      let batch: PackedRow[] = [];
      const insert = async (): Promise<void> => {
        this.signal.throwIfAborted();
        const [first] = batch;
        if (first)
          await insertRows(
            tx,
            first,
            batch.map(({ values }) => values),
          );
        batch = [];
      };
      for await (const row of this.rows()) {
        const [first] = batch;
        const isFull = (batch.length + 1) * row.values.length > mostParameters;
        if (first && (first.table !== row.table || isFull)) await insert();
        batch.push(row);
        counts.set(row.table, (counts.get(row.table) ?? 0) + 1);
      }
      await insert();
      const { tables } = this.snapshot.manifest.rows;
      for (const [table, count] of Object.entries(tables))
        if ((counts.get(table) ?? 0) !== count)
          throw new SnapshotDamaged(this.folder.path(this.snapshot.name, rowsFile), []);
    });
  }
}
