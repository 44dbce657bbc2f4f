import { constants } from 'node:fs';
import type { StatsFs } from 'node:fs';
import {
  copyFile,
  mkdir,
  open,
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
import { newId } from '../secrets/secrets.js';
import { BlobDamaged, BlobStore, blobKey, isBlobKey } from './blob-store.js';
import type { BlobKey, ByteRange, PartialBlob, Space, Stored } from './blob-store.js';
import { isMissing, isOneOf } from './errors.js';
import { FileSource } from './file-source.js';
import { filesBelow, sizeOrClose, syncFile } from './file-tree.js';
import { FolderSyncs } from './folder-syncs.js';
import { PartialFile } from './partial-file.js';
import { StoreMarker, lostAndFound, partialFolder } from './store-marker.js';

const { O_CREAT, O_EXCL, O_WRONLY } = constants;

const probePrefix = 'probe-';
const probeMs = 60_000;

/** A probe of this moment; one that a crash left is a file like any other. */
const isProbe = async (path: string): Promise<boolean> => {
  if (!basename(path).startsWith(probePrefix)) return false;
  const probe = await stat(path).catch(() => null);
  return probe === null || Date.now() - probe.mtimeMs < probeMs;
};

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
  /** Folders of blobs, and those around them, whose names are known to be durable: 65,792 of them at most. */
  private readonly durable = new Set<string>();
  private readonly folders = new FolderSyncs();
  private readonly marker: StoreMarker;

  constructor(root: string) {
    super();
    this.root = resolve(root);
    this.marker = new StoreMarker(this.root, this.folders);
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
    await this.marker.assertMounted();
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
    await this.marker.assertMounted();
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
    await this.marker.assertMounted();
    // Its bytes were synced before it had this name.
    const folder = dirname(this.path(key));
    await this.syncNames(folder, await this.makeFolder(folder));
  }

  async has(key: BlobKey): Promise<boolean> {
    await this.marker.assertMounted();
    return stat(this.path(key)).then(
      () => true,
      (cause: unknown) => {
        if (isMissing(cause)) return false;
        throw cause;
      },
    );
  }

  async remove(key: BlobKey): Promise<void> {
    await this.marker.assertMounted();
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
    await this.marker.assertMounted();
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
    await this.marker.assertMounted();
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
    await this.marker.assertMounted();
    const path = join(this.root, partialFolder, `${probePrefix}${newId()}`);
    try {
      await writeFile(path, 'probe', { flag: 'wx', mode: 0o600 });
    } finally {
      await rm(path, { force: true });
    }
  }

  claim(storeId: string, mayInitialise: boolean): Promise<void> {
    return this.marker.claim(storeId, mayInitialise);
  }

  private async appendTo(key: BlobKey, which: 'new' | 'any'): Promise<PartialBlob> {
    await this.marker.assertMounted();
    const partial = this.partialPath(key);
    const isNew = which === 'new';
    const file = await open(partial, O_WRONLY | O_CREAT | (isNew ? O_EXCL : 0), 0o600);
    const held = isNew ? 0 : await sizeOrClose(file);
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
    await this.marker.assertMounted();
    const file = await open(path, 'r').catch((cause: unknown) => {
      throw isMissing(cause) ? new BlobDamaged() : cause;
    });
    if (!isWhole(await sizeOrClose(file))) {
      await file.close();
      throw new BlobDamaged();
    }
    return new FileSource(file, range);
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
    await this.marker.assertMounted();
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
