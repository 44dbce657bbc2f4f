import { constants } from 'node:fs';
import type { StatsFs } from 'node:fs';
import {
  copyFile,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { StorageUnavailable } from '../errors/errors.js';
import { makeFolder } from '../secrets/make-folder.js';
import { newId } from '../secrets/secrets.js';
import { BlobDamaged, BlobStore, NotAStore, blobKey, isBlobKey } from './blob-store.js';
import type { BlobKey, ByteRange, PartialBlob, Space, Stored } from './blob-store.js';
import { FileSource } from './file-source.js';
import { filesBelow, syncFile } from './file-tree.js';
import { FolderSyncs } from './folder-syncs.js';
import { PartialFile } from './partial-file.js';

const { O_CREAT, O_EXCL, O_WRONLY } = constants;

const partialFolder = 'partial';
/** At the root of a volume of its own; only root may look into it. */
const lostAndFound = 'lost+found';
/**
 * Names the store: a folder, since a file here would be taken for an archive by whoever counts them.
 * It lies on the store's own volume, so that it goes with an unmounted one.
 */
const markerPrefix = '.store-';
export const storeMarker = (storeId: string): string => markerPrefix + storeId;

/** What an empty volume may hold, and a store whose making was cut short. */
const ignored = new Set([lostAndFound, partialFolder]);

const probePrefix = 'probe-';
const probeMs = 60_000;

/** A probe of this moment; one that a crash left is a file like any other. */
const isProbe = async (path: string): Promise<boolean> => {
  if (!basename(path).startsWith(probePrefix)) return false;
  const probe = await stat(path).catch(() => null);
  return probe === null || Date.now() - probe.mtimeMs < probeMs;
};

const isOneOf = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code;
const isMissing = (cause: unknown): boolean => isOneOf(cause, 'ENOENT');

/** The volume of a folder; of one that is gone, the volume that it would be on. */
const volumeOf = (folder: string): Promise<StatsFs> =>
  statfs(folder).catch((cause: unknown) => {
    if (!isMissing(cause) || folder === dirname(folder)) throw cause;
    return volumeOf(dirname(folder));
  });

/** Within the store's folder. The key's first characters are the time, and would put a day's files into one folder. */
export const fileOfBlob = (key: BlobKey): string => join(key.slice(-4, -2), key.slice(-2), key);

/**
 * Blobs as files: `<root>/ab/cd/<key>`, where abcd are the key's last characters; partial ones in `<root>/partial`,
 * the same file system, so that a rename is all.
 */
export class LocalDisk extends BlobStore {
  private readonly root: string;
  private claimed: string | null = null;
  /** Folders of blobs, and those around them, whose names are known to be durable: 65,792 of them at most. */
  private readonly durable = new Set<string>();
  private readonly folders = new FolderSyncs();
  private looking: Promise<void> | null = null;

  constructor(root: string) {
    super();
    this.root = resolve(root);
  }

  async begin(key: BlobKey): Promise<PartialBlob> {
    return this.appendTo(key, 'new');
  }

  async resume(key: BlobKey): Promise<PartialBlob> {
    const partial = await this.appendTo(key, 'any');
    // Before it has a byte: of one that has, the name is durable already.
    if (partial.size === 0)
      await this.folders.sync(dirname(this.partialPath(key))).catch(async (cause: unknown) => {
        await partial.discard();
        throw cause;
      });
    return partial;
  }

  async takeOver(key: BlobKey): Promise<void> {
    await this.assertMounted();
    const partial = this.partialPath(key);
    // Should we die, it is a partial file without a row.
    const copy = this.partialPath(blobKey(newId()));
    try {
      await copyFile(partial, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await syncFile(copy);
      await rename(copy, partial);
      await this.folders.sync(dirname(partial));
    } catch (cause) {
      await rm(copy, { force: true });
      if (!isMissing(cause)) throw cause;
    }
  }

  async sizeOfPartial(key: BlobKey): Promise<number> {
    await this.assertMounted();
    return stat(this.partialPath(key)).then(
      ({ size }) => size,
      (cause: unknown) => {
        if (isMissing(cause)) return 0;
        throw cause;
      },
    );
  }

  async openPartial(key: BlobKey, size: number): Promise<Readable> {
    return this.read(this.partialPath(key), { first: 0, last: size - 1 }, (held) => held >= size);
  }

  async open(key: BlobKey, size: number, range?: ByteRange): Promise<Readable> {
    return this.read(
      this.path(key),
      range ?? { first: 0, last: size - 1 },
      (held) => held === size,
    );
  }

  async secure(key: BlobKey): Promise<void> {
    await this.assertMounted();
    // Its bytes were synced before it had this name.
    const folder = dirname(this.path(key));
    await this.syncNames(folder, await this.makeFolder(folder));
  }

  async has(key: BlobKey): Promise<boolean> {
    await this.assertMounted();
    return stat(this.path(key)).then(
      () => true,
      (cause: unknown) => {
        if (isMissing(cause)) return false;
        throw cause;
      },
    );
  }

  async remove(key: BlobKey): Promise<void> {
    await this.assertMounted();
    for (const path of [this.partialPath(key), this.path(key)]) {
      try {
        await unlink(path);
        await this.folders.sync(dirname(path));
      } catch (cause) {
        if (!isMissing(cause)) throw cause;
      }
    }
  }

  async removeForeign(name: string): Promise<void> {
    await this.assertMounted();
    const path = resolve(this.root, name);
    const root = await realpath(this.root);
    // A link within the store may lead out of it.
    const folder = await realpath(dirname(path)).catch((cause: unknown) => {
      if (isMissing(cause)) return root;
      throw cause;
    });
    const isInside = path.startsWith(`${this.root}/`) && `${folder}/`.startsWith(`${root}/`);
    if (!isInside) throw new TypeError('outside of the store');
    await rm(path, { force: true });
  }

  async *list(): AsyncIterable<Stored> {
    await this.assertMounted();
    for await (const path of filesBelow(this.root, lostAndFound)) {
      const [name, key] = [path.slice(this.root.length + 1), basename(path)];
      if (isBlobKey(key) && path === this.path(key)) yield { kind: 'blob', key };
      else if (isBlobKey(key) && path === this.partialPath(key)) yield { kind: 'partial', key };
      else if (!(await isProbe(path))) yield { kind: 'foreign', name };
    }
  }

  async space(): Promise<Space> {
    const { blocks, bavail, bsize } = await volumeOf(this.root);
    return { total: blocks * bsize, free: bavail * bsize };
  }

  async probe(): Promise<void> {
    await this.assertMounted();
    const path = join(this.root, partialFolder, `${probePrefix}${newId()}`);
    try {
      await writeFile(path, 'probe', { flag: 'wx', mode: 0o600 });
    } finally {
      await rm(path, { force: true });
    }
  }

  async claim(storeId: string, mayInitialise: boolean): Promise<void> {
    this.claimed = storeId;
    if (mayInitialise) await this.initialise(storeId);
    await this.assertMounted();
  }

  private async appendTo(key: BlobKey, which: 'new' | 'any'): Promise<PartialBlob> {
    await this.assertMounted();
    const partial = this.partialPath(key);
    const isNew = which === 'new';
    const file = await open(partial, O_WRONLY | O_CREAT | (isNew ? O_EXCL : 0), 0o600);
    const held = isNew ? 0 : (await file.stat()).size;
    return new PartialFile(partial, file, held, isNew, () =>
      this.nameBlob(partial, this.path(key)),
    );
  }

  /** Gives a partial file its blob's name, durably. */
  private async nameBlob(partial: string, path: string): Promise<void> {
    const folder = dirname(path);
    if (this.durable.has(folder))
      try {
        await rename(partial, path);
        await this.folders.sync(folder);
        return;
      } catch (cause) {
        // The folder may have gone, or the whole volume.
        if (!isMissing(cause)) throw cause;
      }
    const around = await this.makeFolder(folder);
    await rename(partial, path);
    await this.syncNames(folder, around);
  }

  /** @param isWhole whether a file of so many bytes is the one that the record tells of */
  private async read(
    path: string,
    range: ByteRange,
    isWhole: (size: number) => boolean,
  ): Promise<Readable> {
    await this.assertMounted();
    const file = await open(path, 'r').catch((cause: unknown) => {
      throw isMissing(cause) ? new BlobDamaged() : cause;
    });
    const stored = await file.stat().catch(async (cause: unknown) => {
      await file.close();
      throw cause;
    });
    if (!isWhole(stored.size)) {
      await file.close();
      throw new BlobDamaged();
    }
    return new FileSource(file, range);
  }

  private async initialise(storeId: string): Promise<void> {
    makeFolder(this.root);
    const marker = storeMarker(storeId);
    const names = (await readdir(this.root)).filter((name) => !ignored.has(name));
    // Whatever is there is somebody's: the next sweep would take it for leftovers of ours.
    if (names.length > 0 && !names.includes(marker)) throw new NotAStore(this.root);
    // The marker first: a kill between the two leaves what the next start completes.
    await mkdir(join(this.root, marker), { recursive: true, mode: 0o700 });
    await mkdir(join(this.root, partialFolder), { recursive: true, mode: 0o700 });
    await this.folders.sync(this.root);
    // Its own name as well; where the folder around it is closed to us, it was made by somebody else.
    await this.folders.sync(dirname(this.root)).catch((cause: unknown) => {
      if (!isOneOf(cause, 'EACCES')) throw cause;
    });
  }

  /** Looked at each time: a volume may go and come back while the process lives. One look serves all who ask meanwhile. */
  private assertMounted(): Promise<void> {
    this.looking ??= this.look().finally(() => (this.looking = null));
    return this.looking;
  }

  private async look(): Promise<void> {
    const marker = join(this.root, storeMarker(this.claimed ?? ''));
    await stat(marker).catch((cause: unknown) => {
      throw new StorageUnavailable({
        cause: isMissing(cause)
          ? new Error(`${this.root} is not this database's storage, or is not mounted`, { cause })
          : cause,
      });
    });
  }

  /**
   * Makes a blob's folder where it is missing, and none below the mount point of a volume that has gone.
   * @returns the folders to be synced before its name is durable: whoever made it may not have come that far
   */
  private async makeFolder(folder: string): Promise<readonly string[]> {
    const parent = dirname(folder);
    if (this.durable.has(parent)) {
      // It alone: without the volume its parent is missing, and this fails.
      const made = await mkdir(folder, { mode: 0o700 }).then(
        () => 'made' as const,
        (cause: unknown) => {
          if (isOneOf(cause, 'EEXIST')) return 'there' as const;
          if (isMissing(cause)) return null;
          throw cause;
        },
      );
      if (made) return made === 'there' && this.durable.has(folder) ? [] : [parent];
    }
    await this.assertMounted();
    // One that is gone, and made now, is on a volume that was put in the place of the other.
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made === undefined && this.durable.has(folder)) return [];
    return made === parent || !this.durable.has(parent) ? [parent, this.root] : [parent];
  }

  /** Makes the names durable that a blob's folder holds, and its own. @param around what makeFolder returned for it */
  private async syncNames(folder: string, around: readonly string[]): Promise<void> {
    await Promise.all([folder, ...around].map((one) => this.folders.sync(one)));
    this.durable.add(dirname(folder)).add(folder);
  }

  private path(key: BlobKey): string {
    return join(this.root, fileOfBlob(key));
  }

  private partialPath(key: BlobKey): string {
    return join(this.root, partialFolder, key);
  }
}
