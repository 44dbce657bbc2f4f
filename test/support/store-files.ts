import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './database.js';

/** Where a service of this place keeps its archives. */
export const storeFolder = ({ dataDir }: Pick<Place, 'dataDir'>): string =>
  join(dataDir, 'archives');

/** Where the bytes of an archive lie. */
export const blobPath = (place: Pick<Place, 'dataDir'>, id: string): string =>
  join(storeFolder(place), id.slice(-4, -2), id.slice(-2), id);

/** Bytes on the disk of an upload that is not finished; 0 where it has no file. */
export const partialSize = (place: Pick<Place, 'dataDir'>, id: string): number =>
  statSync(join(storeFolder(place), 'partial', id), { throwIfNoEntry: false })?.size ?? 0;

/** Every file in the store, finished or partial, sorted; what a health check writes for a moment is none. */
export const storedFiles = (place: Pick<Place, 'dataDir'>): string[] =>
  readdirSync(storeFolder(place), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('probe-'))
    .map((entry) => entry.name)
    .sort();

/** Files of the store that this process holds open, also deleted ones. */
export const openStoreFiles = (place: Pick<Place, 'dataDir'>): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(storeFolder(place)) ? [target] : [];
    } catch {
      // The descriptor of this very listing.
      return [];
    }
  });
