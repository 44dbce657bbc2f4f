import { readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { tryFileLock } from '../database/sqlite/file-lock.js';
import type { FileLock } from '../database/sqlite/file-lock.js';
import { newDigest } from '../secrets/digest.js';
import { makeFolder } from '../secrets/make-folder.js';
import { isBlobKey } from '../storage/blob-store.js';
import { LocalDisk, fileOfBlob } from '../storage/local-disk.js';
import { storeMarker } from '../storage/store-marker.js';
import {
  AnothersBackup,
  BackupFolderFull,
  BackupNewer,
  BackupWithinStore,
  FolderBusy,
  FolderNotEmpty,
  NoSuchSnapshot,
  NotABackup,
  NotPruned,
  SnapshotDamaged,
} from './backup.errors.js';
import type { Recorded } from './blob-copy.js';
import { isSnapshotName, snapshotName } from './backup.policy.js';
import { syncFolder } from '../storage/file-tree.js';
import { isAsWritten, publishText } from './durable-file.js';
import { formatVersion, listFile, manifestFile, parseManifest, rowsFile } from './manifest.js';
import type { Manifest } from './manifest.js';

const identityFile = 'backup.json';
const lockFile = 'lock';
/** Of a folder that is about to become a backup's. */
const ignored = new Set([lockFile, `${identityFile}.part`, 'lost+found']);

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : '';
const isMissing = (cause: unknown): boolean => codeOf(cause) === 'ENOENT';

/** A full volume or quota, however deep in the error. */
export const isFull = (cause: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'SQLITE_FULL', '53100'].includes(codeOf(cause)) ||
  (cause instanceof Error && cause.cause !== undefined && isFull(cause.cause));

/** A snapshot that is being made. */
export interface Draft {
  readonly name: string;
  path(file: string): string;
  /** From here on it is the newest. Everything that it names must be durable. */
  publish(manifest: Manifest): Promise<void>;
  /** Never throws. */
  discard(): Promise<void>;
}

/**
 * <dir>/
 *   backup.json                 whose backup this is
 *   archives/ab/cd/<key>        all blobs, as in the storage; once, however many snapshots name them
 *   snapshots/<moment>/         rows.jsonl.gz, archives.sha256, manifest.json, and secret.key where it was asked for
 *
 * Nothing that a snapshot names is ever changed. A snapshot counts once its manifest is there, and that comes last, by a
 * rename: one that was broken off is no snapshot, and the newest manifest is the latest backup.
 */
export class BackupFolder {
  /** The blobs: a store like the service's, so that it syncs, renames and is read in the same proven way. */
  readonly blobs: LocalDisk;

  private constructor(
    readonly dir: string,
    private readonly lock: FileLock | null,
  ) {
    this.blobs = new LocalDisk(join(dir, 'archives'));
  }

  /**
   * The folder for one more backup; an empty one becomes a backup's.
   * @param store the storage's own folder, where it has one
   * @param storeId of the storage whose archives it is for: two installations never share a folder
   * @throws FolderNotEmpty, AnothersBackup, BackupWithinStore, FolderBusy
   */
  static async forBackup(
    dir: string,
    storeId: string,
    store: string | null,
  ): Promise<BackupFolder> {
    const path = resolve(dir);
    const root = store === null ? null : await realpath(store).catch(() => resolve(store));
    const isWithin = (folder: string) => root !== null && `${folder}/`.startsWith(`${root}/`);
    if (isWithin(path)) throw new BackupWithinStore(path);
    makeFolder(path);
    if (isWithin(await realpath(path))) throw new BackupWithinStore(path);
    const identity = await readIdentity(path);
    if (identity === null) {
      const names = (await readdir(path)).filter((name) => !ignored.has(name));
      if (names.length > 0) throw new FolderNotEmpty(path);
    } else if (identity !== storeId) throw new AnothersBackup(path);
    const lock = tryFileLock(join(path, lockFile));
    if (!lock) throw new FolderBusy(path);
    const folder = new BackupFolder(path, lock);
    try {
      if (identity === null) {
        await rm(join(path, `${identityFile}.part`), { force: true });
        const text = { what: 'backup of a Logs Collector', format: formatVersion, storeId };
        await publishText(join(path, identityFile), `${JSON.stringify(text, null, 2)}\n`);
      }
      await folder.claim(storeId);
      await folder.dropUnfinished();
      return folder;
    } catch (cause) {
      folder.close();
      throw cause;
    }
  }

  /** The folder to restore from; it may lie on a medium that cannot be written. @throws NotABackup, FolderBusy */
  static async forRestore(dir: string): Promise<BackupFolder> {
    const path = resolve(dir);
    const identity = await readIdentity(path);
    if (identity === null) throw new NotABackup(path);
    const folder = new BackupFolder(path, lockWherePossible(path));
    await folder.claim(identity);
    return folder;
  }

  close(): void {
    this.lock?.release();
  }

  /** Names of the whole snapshots, the newest first. */
  async snapshots(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const name of await this.entries())
      if (isSnapshotName(name) && (await exists(this.path(name, manifestFile)))) found.push(name);
    return found.sort().reverse();
  }

  path(snapshot: string, file: string): string {
    return join(this.dir, 'snapshots', snapshot, file);
  }

  /**
   * A snapshot to restore, the newest where none is named; its files are as they were written.
   * @throws NotABackup, NoSuchSnapshot, SnapshotDamaged, BackupNewer
   */
  async snapshot(wanted?: string): Promise<{ readonly name: string; readonly manifest: Manifest }> {
    const known = await this.snapshots();
    const name = wanted ?? known[0];
    if (name === undefined) throw new NotABackup(this.dir);
    if (!known.includes(name)) throw new NoSuchSnapshot(name, known);
    const others = known.filter((other) => other !== name);
    const manifest = parseManifest(readFileSync(this.path(name, manifestFile), 'utf8'));
    if (!manifest) throw new SnapshotDamaged(this.path(name, manifestFile), others);
    if (manifest.format > formatVersion)
      throw new BackupNewer(`the format ${manifest.format} of backups`);
    for (const [file, written] of Object.entries(filesOf(manifest)))
      if (!(await isAsWritten(this.path(name, file), written)))
        throw new SnapshotDamaged(this.path(name, file), others);
    return { name, manifest };
  }

  async begin(now: Date): Promise<Draft> {
    const [newest] = await this.snapshots();
    const name = snapshotName(now, newest);
    const folder = join(this.dir, 'snapshots', name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(this.dir);
    await syncFolder(dirname(folder));
    return {
      name,
      path: (file) => join(folder, file),
      publish: (manifest) =>
        publishText(join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`),
      discard: () => rm(folder, { recursive: true, force: true }).catch(() => undefined),
    };
  }

  /**
   * Removes all but the newest snapshots, then the blobs that none of those that stay names.
   * @returns how many blobs went
   * @throws NotPruned where a list cannot be trusted: then no blob goes
   */
  async prune(keep: number): Promise<number> {
    const names = await this.snapshots();
    const [stay, go] = [names.slice(0, keep), names.slice(keep)];
    for (const name of go) {
      // Without its manifest it is none, should we be killed before the rest is gone.
      await rm(this.path(name, manifestFile));
      await syncFolder(join(this.dir, 'snapshots', name));
      await rm(join(this.dir, 'snapshots', name), { recursive: true });
    }
    const named = new Set<string>();
    for (const name of stay) {
      const keys = await this.listed(name).catch((cause: unknown) => {
        throw cause instanceof SnapshotDamaged
          ? new NotPruned(this.path(name, listFile), { cause })
          : cause;
      });
      for (const key of keys) named.add(key);
    }
    let pruned = 0;
    for await (const stored of this.blobs.list()) {
      if (stored.kind !== 'blob' || named.has(stored.key)) continue;
      await this.blobs.remove(stored.key);
      pruned += 1;
    }
    return pruned;
  }

  /** The sentence for an error that was met while writing here. */
  async problem(cause: unknown): Promise<unknown> {
    if (!isFull(cause)) return cause;
    const [newest] = await this.snapshots().catch(() => []);
    return new BackupFolderFull(this.dir, newest, { cause });
  }

  /** Keys of the blobs whose files a snapshot names. @throws SnapshotDamaged */
  async listed(name: string): Promise<readonly string[]> {
    const text = await readFile(this.path(name, listFile), 'utf8').catch(() => '');
    const manifest = parseManifest(
      await readFile(this.path(name, manifestFile), 'utf8').catch(() => ''),
    );
    if (newDigest().update(text).digest('hex') !== manifest?.list.sha256)
      throw new SnapshotDamaged(this.path(name, listFile), []);
    return text.split('\n').flatMap((line) => line.split('/').at(-1) || []);
  }

  /** The line of a blob in a snapshot's list. */
  static line({ key, sha256 }: Recorded): string {
    return `${sha256}  ${fileOfBlob(key)}\n`;
  }

  private async claim(storeId: string): Promise<void> {
    const root = join(this.dir, 'archives');
    // Copies to other machines and object stores often lose empty folders, and this mark is one.
    if (await exists(root))
      await mkdir(join(root, storeMarker(storeId)), { mode: 0o700 }).catch((cause: unknown) => {
        if (codeOf(cause) !== 'EEXIST') throw cause;
      });
    await this.blobs.claim(storeId, this.lock !== null);
  }

  /** What a run that was killed left: a snapshot without its manifest, and blobs that came in part. */
  private async dropUnfinished(): Promise<void> {
    const whole = new Set(await this.snapshots());
    for (const name of await this.entries())
      if (!whole.has(name))
        await rm(join(this.dir, 'snapshots', name), { recursive: true, force: true });
    for await (const stored of this.blobs.list())
      if (stored.kind === 'partial') await (await this.blobs.resume(stored.key)).discard();
  }

  private async entries(): Promise<readonly string[]> {
    return readdir(join(this.dir, 'snapshots')).catch((cause: unknown) => {
      if (isMissing(cause)) return [];
      throw cause;
    });
  }
}

const filesOf = ({ rows, list }: Manifest) => ({ [rowsFile]: rows, [listFile]: list });

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (cause: unknown) => {
      if (isMissing(cause)) return false;
      throw cause;
    },
  );

/** @returns whose backup it is; null where it is none */
const readIdentity = async (dir: string): Promise<string | null> => {
  const text = await readFile(join(dir, identityFile), 'utf8').catch((cause: unknown) => {
    if (isMissing(cause) || codeOf(cause) === 'ENOTDIR') return null;
    throw cause;
  });
  if (text === null) return null;
  try {
    const { storeId } = JSON.parse(text) as { readonly storeId?: unknown };
    return typeof storeId === 'string' && isBlobKey(storeId) ? storeId : null;
  } catch {
    return null;
  }
};

/** @throws FolderBusy */
const lockWherePossible = (dir: string): FileLock | null => {
  try {
    const lock = tryFileLock(join(dir, lockFile));
    if (lock) return lock;
  } catch {
    return null;
  }
  throw new FolderBusy(dir);
};
