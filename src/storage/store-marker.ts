import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageUnavailable } from '../errors/errors.js';
import { makeFolder } from '../secrets/make-folder.js';
import { NotAStore } from './blob-store.js';
import { isMissing, isOneOf } from './errors.js';
import type { FolderSyncs } from './folder-syncs.js';

export const partialFolder = 'partial';
/** At the root of a volume of its own; only root may look into it. */
export const lostAndFound = 'lost+found';
/**
 * Names the store: a folder, since a file here would be taken for an archive by whoever counts them.
 * It lies on the store's own volume, so that it goes with an unmounted one.
 */
const markerPrefix = '.store-';
export const storeMarker = (storeId: string): string => markerPrefix + storeId;

/** What an empty volume may hold, and a store whose making was cut short. */
const ignored = new Set([lostAndFound, partialFolder]);

/** The folder in a store on the disk that says whose it is, and that its volume is there. */
export class StoreMarker {
  private claimed: string | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly root: string,
    private readonly folders: FolderSyncs,
  ) {}

  /** As BlobStore.claim. @throws NotAStore, StorageUnavailable */
  async claim(storeId: string, mayInitialise: boolean): Promise<void> {
    this.claimed = storeId;
    if (mayInitialise) await this.initialise(storeId);
    await this.assertMounted();
  }

  /** Looked at each time: a volume may go and come back while the process lives. One look serves all who ask meanwhile. */
  assertMounted(): Promise<void> {
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
}
