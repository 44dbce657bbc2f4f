import { createGzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { StoreIdentity } from '../maintenance/store-identity.service.js';
import { Config } from '../config/config.js';
import { storageTarget } from '../config/load-config.js';
import { secretKeyIn } from '../secrets/secret-key-file.js';
import { Keyring } from '../secrets/secrets.js';
import { BlobStore } from '../storage/blob-store.js';
import type { BlobKey } from '../storage/blob-store.js';
import { BlobRecord, original } from '../storage/blobs/blob-record.entity.js';
import { BlobRegister } from '../storage/blobs/blob-register.service.js';
import type { NamedBlob } from '../storage/blobs/blob-register.service.js';
import { version } from '../version.js';
import { BackupFolder } from './backup-folder.js';
import type { Draft } from './backup-folder.js';
import { Interrupted, NeverStill } from './backup.errors.js';
import { copyBlob, someAtOnce, holds } from './blob-copy.js';
import { blobsOf, withSnapshots } from './database-snapshot.js';
import type { DatabaseSnapshot } from './database-snapshot.js';
import { writeDurably, writeTextDurably } from './durable-file.js';
import { formatVersion, keyFile, listFile, rowsFile } from './manifest.js';
import type { Manifest } from './manifest.js';
import { packedRows } from './rows-file.js';
import { Settling } from './settling.policy.js';

/** Looks at the database until one is found of which nothing was deleted before it was copied. */
const mostLooks = 100;

/** What a key signs to be known again. */
export const keyPurpose = 'backup';

export interface BackupOptions {
  /** Snapshots that stay, this one among them. */
  readonly keep: number;
  /** Whether blobs that are there already are read and hashed again. */
  readonly verify: boolean;
  readonly withSecretKey: boolean;
  readonly signal: AbortSignal;
}

export interface BackedUp {
  readonly snapshot: string;
  readonly archives: number;
  readonly bytes: number;
  /** Blobs that were not there from earlier backups. */
  readonly copied: number;
  /** Blobs that only older snapshots named. */
  readonly pruned: number;
  /** Their bytes are missing or changed, here and in the earlier backups. */
  readonly damaged: readonly NamedBlob[];
}

interface Pass {
  /** Deleted before they could be copied. */
  readonly gone: number;
  readonly damaged: readonly BlobKey[];
}

/**
 * Backs up the database and the blobs while the service runs. In this order, so that each row of the copy's register
 * has its file, whatever is uploaded and deleted meanwhile:
 *
 * 1. All blobs there are now are copied. This takes as long as it takes, and holds nothing.
 * 2. A snapshot of the database is opened, and what came since is copied: moments.
 * 3. Where one that it names was deleted before it could be copied, it is dropped and step 2 is repeated: what was copied
 *    need not be there any more, so that each look has less to do than the one before.
 * 4. The rows of that snapshot are written, then the manifest.
 *
 * Blobs stored after the snapshot are simply not in it. The other way round (files, then database) rows without
 * files would be the rule; with the snapshot first, it would be hours old at the end and hold a transaction open.
 */
@Injectable()
export class BackupService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly blobs: BlobRegister,
    private readonly identity: StoreIdentity,
    private readonly config: Config,
    private readonly keyring: Keyring,
  ) {}

  /**
   * @param dir an empty folder, or that of earlier backups: blobs that are in it are not copied again
   * @throws FolderNotEmpty and its like, BackupFolderFull, Interrupted, StorageUnavailable
   */
  async backup(dir: string, options: BackupOptions): Promise<BackedUp> {
    const storeId = await this.identity.storeId();
    const target = storageTarget(this.config);
    const store = target.kind === 'file' ? target.folder : null;
    const folder = await BackupFolder.forBackup(dir, storeId, store);
    try {
      return await this.into(folder, options);
    } catch (cause) {
      if (options.signal.aborted) throw new Interrupted('backup');
      throw await folder.problem(cause);
    } finally {
      folder.close();
    }
  }

  private async into(folder: BackupFolder, options: BackupOptions): Promise<BackedUp> {
    const { keep, verify, signal } = options;
    /** Blobs that are in the folder. */
    const held = new Set<string>();
    let copied = 0;
    const copyAll = async (blobs: AsyncIterable<BlobRecord>, rehash: boolean): Promise<Pass> => {
      let gone = 0;
      const damaged: BlobKey[] = [];
      await someAtOnce(blobs, signal, async (blob, either) => {
        const { key } = blob;
        if (held.has(key)) return;
        if (!(await holds(folder.blobs, blob, rehash))) {
          if ((await copyBlob(this.store, folder.blobs, blob, either)) === 'damaged') {
            // Its row goes before its bytes do.
            if (await this.dataSource.manager.existsBy(BlobRecord, { key })) damaged.push(key);
            else gone += 1;
            return;
          }
          copied += 1;
        }
        held.add(key);
      });
      return { gone, damaged };
    };

    await this.blobs.adopt();
    await copyAll(blobsOf(this.dataSource), verify);
    const { entities } = this.dataSource.options;
    const made = await withSnapshots(this.config, entities, async (look) => {
      for (let looks = 0; looks < mostLooks; looks += 1) {
        const written = await look(async (snapshot) => {
          const { gone, damaged } = await copyAll(snapshot.blobs(), false);
          return gone > 0 ? null : this.write(folder, snapshot, held, damaged, options);
        });
        if (written) return written;
      }
      throw new NeverStill();
    });
    const pruned = await folder.prune(keep);
    return { ...made, copied, pruned };
  }

  private async write(
    folder: BackupFolder,
    snapshot: DatabaseSnapshot,
    held: ReadonlySet<string>,
    damaged: readonly BlobKey[],
    options: BackupOptions,
  ): Promise<Pick<BackedUp, 'snapshot' | 'archives' | 'bytes' | 'damaged'>> {
    const now = new Date();
    const draft = await folder.begin(now);
    try {
      const rows = await this.writeRows(draft, snapshot, now, options.signal);
      let [count, bytes] = [0, 0];
      async function* list(): AsyncIterable<string> {
        for await (const blob of snapshot.blobs()) {
          if (blob.role === original) count += 1;
          bytes += blob.size;
          if (held.has(blob.key)) yield BackupFolder.line(blob);
        }
      }
      const listed = await writeDurably(draft.path(listFile), list(), { signal: options.signal });
      if (options.withSecretKey) await this.writeKey(draft);
      await draft.publish({
        format: formatVersion,
        program: version,
        madeAt: now.toISOString(),
        migrations: await snapshot.migrations(),
        rows,
        list: listed,
        archives: { count, bytes },
        damaged,
        secretKey: {
          included: options.withSecretKey,
          proof: this.keyring.sign(keyPurpose, draft.name),
        },
      });
      const named = await this.blobs.named(damaged);
      return { snapshot: draft.name, archives: count, bytes, damaged: named };
    } catch (cause) {
      await draft.discard();
      throw cause;
    }
  }

  private async writeRows(
    draft: Draft,
    snapshot: DatabaseSnapshot,
    now: Date,
    signal: AbortSignal,
  ): Promise<Manifest['rows']> {
    const settling = new Settling(await snapshot.allOf('uploads'), now);
    const tables = snapshot.tables.map((shape) => ({
      name: shape.name,
      columns: shape.columns.map(({ name }) => name),
      rows: settling.rows(shape.name, snapshot.rows(shape)),
    }));
    const counts = new Map<string, number>();
    const written = await writeDurably(draft.path(rowsFile), packedRows(tables, counts), {
      through: createGzip(),
      signal,
    });
    return { ...written, tables: Object.fromEntries(counts) };
  }

  private async writeKey(draft: Draft): Promise<void> {
    const key = this.config.SECRET_KEY ?? secretKeyIn(this.config.DATA_DIR) ?? '';
    await writeTextDurably(draft.path(keyFile), key);
  }
}
