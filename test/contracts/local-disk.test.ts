import { existsSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StorageUnavailable } from '../../src/errors/errors.js';
import { NotAStore, blobKey } from '../../src/storage/blob-store.js';
import type { BlobKey } from '../../src/storage/blob-store.js';
import { LocalDisk } from '../../src/storage/local-disk.js';
import { tempFolder } from '../support/temp-folder.js';
import {
  blobStoreContract,
  listed,
  newKey,
  noise,
  openFiles,
  pieces,
  store,
} from './blob-store.contract.js';

const pathOf = async (root: string, key: BlobKey): Promise<string> => {
  const names = await readdir(root, { recursive: true });
  return join(root, names.find((name) => name.endsWith(key)) ?? 'missing');
};

describe('local disk', () => {
  blobStoreContract(() => {
    const root = join(tempFolder(), 'archives');
    return Promise.resolve({
      store: new LocalDisk(root),
      again: () => new LocalDisk(root),
      truncate: async (key, size) => truncate(await pathOf(root, key), size),
      unmount: () => {
        renameSync(root, `${root}-elsewhere`);
        // What is left of an unmounted volume is its empty folder.
        return mkdir(root);
      },
      open: openFiles,
    });
  });

  let root: string;
  let disk: LocalDisk;
  beforeEach(async () => {
    root = join(tempFolder(), 'archives');
    disk = new LocalDisk(root);
    await disk.claim('the store of these tests', true);
  });

  it.each(['../etc/passwd', 'logs.tgz', '', '0199f1a2-0000-4000-8000-000000000000', '/etc/passwd'])(
    'takes no key but an id of ours: %j',
    (text) => {
      expect(() => blobKey(text)).toThrow('not a blob key');
    },
  );

  it('is readable by its owner alone', async () => {
    const key = newKey();
    const partial = await disk.begin(key);
    await pipeline(pieces(noise(10)), partial.writable);
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(mode(await pathOf(root, key))).toBe('600');
    await partial.commit(10);
    const path = await pathOf(root, key);
    expect(mode(path)).toBe('600');
    for (let folder = dirname(path); folder.startsWith(root); folder = dirname(folder))
      expect(mode(folder)).toBe('700');
    for (const name of await readdir(root)) expect(mode(join(root, name))).toBe('700');
  });

  it('spreads the blobs of one moment over many folders', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => store(disk, noise(1))));
    const folders = await Promise.all(keys.map(async (key) => dirname(await pathOf(root, key))));
    expect(new Set(folders).size).toBeGreaterThan(10);
  });

  it('never takes a folder that holds files of others', async () => {
    const used = tempFolder();
    writeFileSync(join(used, 'thesis.txt'), 'precious');
    await expect(new LocalDisk(used).claim('a new database', true)).rejects.toThrow(NotAStore);
    await expect(new LocalDisk(root).claim('a new database', true)).rejects.toThrow(NotAStore);
    expect(await readdir(used)).toEqual(['thesis.txt']);
  });

  it('commits nothing that is shorter than what was sent', async () => {
    const partial = await disk.begin(newKey());
    await pipeline(pieces(noise(10)), partial.writable);
    await expect(partial.commit(11)).rejects.toThrow(StorageUnavailable);
    await partial.discard();
    expect(await listed(disk)).toEqual([]);
  });

  it('takes the root of an empty volume', async () => {
    const volume = tempFolder();
    await mkdir(join(volume, 'lost+found'));
    const fresh = new LocalDisk(volume);
    await fresh.claim('a new database', true);
    await expect(fresh.probe()).resolves.toBeUndefined();
  });

  it('lists what is no blob of ours as foreign, and removes it', async () => {
    const key = await store(disk, noise(1));
    const path = await pathOf(root, key);
    writeFileSync(join(root, 'notes.txt'), '');
    writeFileSync(join(root, 'partial', 'stray'), '');
    // A blob in the wrong folder is not where a record would look for it.
    const misplaced = newKey();
    writeFileSync(join(dirname(path), misplaced), '');
    const foreign = (await listed(disk)).flatMap((entry) =>
      entry.kind === 'foreign' ? entry.name : [],
    );
    expect(foreign.sort()).toEqual(
      [join(dirname(path).slice(root.length + 1), misplaced), 'notes.txt', 'partial/stray'].sort(),
    );
    for (const name of foreign) await disk.removeForeign(name);
    expect(await listed(disk)).toEqual([{ kind: 'blob', key }]);
  });

  it('removes nothing outside of the store', async () => {
    const outside = join(dirname(root), 'outside');
    writeFileSync(outside, 'precious');
    const marker = (await readdir(root)).find((name) => name.startsWith('.store-')) ?? 'missing';
    for (const name of ['../outside', outside, '.', '', marker, 'partial/../../outside'])
      await expect(disk.removeForeign(name)).rejects.toThrow();
    expect(existsSync(outside)).toBe(true);
    expect(existsSync(join(root, marker))).toBe(true);
  });

  it('follows no link out of the store', async () => {
    const folder = join(dirname(root), 'elsewhere');
    await mkdir(folder);
    writeFileSync(join(folder, 'precious'), '');
    symlinkSync(folder, join(root, 'link'));
    symlinkSync(join(folder, 'precious'), join(root, 'link-to-file'));
    expect(
      (await listed(disk)).map((entry) => entry.kind === 'foreign' && entry.name).sort(),
    ).toEqual(['link', 'link-to-file']);
    await expect(disk.removeForeign('link/precious')).rejects.toThrow();
    for (const name of ['link', 'link-to-file']) await disk.removeForeign(name);
    expect(existsSync(join(folder, 'precious'))).toBe(true);
    expect(await listed(disk)).toEqual([]);
  });

  it('says that the storage is unavailable where its folder cannot be a folder', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    await expect(new LocalDisk(file).claim('any', false)).rejects.toThrow(StorageUnavailable);
  });
});
