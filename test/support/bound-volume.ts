import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterFile } from './cleaning.js';
import type { Place } from './database.js';
import { storeFolder } from './store-files.js';
import { tempFolder } from './temp-folder.js';

/** A storage on a volume of its own, which comes and goes without losing what is on it. */
export interface BoundVolume {
  /** What lies under it: an empty folder, as any mount point. */
  readonly mountPoint: string;
  unmount(): void;
  mount(): void;
  readOnly(): void;
  writable(): void;
}

/** Mounting takes root (noMounts). Call it before the service starts. */
export const boundVolume = (place: Place): BoundVolume => {
  const [mountPoint, volume] = [storeFolder(place), tempFolder()];
  mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
  let isMounted = false;
  const bound: BoundVolume = {
    mountPoint,
    mount: () => {
      execFileSync('mount', ['--bind', volume, mountPoint]);
      isMounted = true;
    },
    // Lazily, as a server that goes away takes the open files with it.
    unmount: () => {
      if (isMounted) execFileSync('umount', ['--lazy', mountPoint]);
      isMounted = false;
    },
    readOnly: () => void execFileSync('mount', ['-o', 'remount,bind,ro', mountPoint]),
    writable: () => void execFileSync('mount', ['-o', 'remount,bind,rw', mountPoint]),
  };
  bound.mount();
  afterFile(() => bound.unmount());
  return bound;
};
