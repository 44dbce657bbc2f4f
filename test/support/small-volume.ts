import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { noise } from './bytes.js';
import { afterFile } from './cleaning.js';
import { freshPlace } from './database.js';
import type { Place } from './database.js';
import { lackOf } from './left-out.js';
import type { Lack } from './left-out.js';
import { tempFolder } from './temp-folder.js';

const lackOfMounts = (): Lack => {
  if (process.getuid?.() !== 0) return 'needs to mount volumes, which only root may';
  const lack = lackOf('mount');
  if (lack !== null) return lack;
  const folder = tempFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4096', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return null;
  } catch {
    return 'needs to mount volumes, which is forbidden here (docker run --cap-add=SYS_ADMIN)';
  }
};

/** Mounting takes root, and in a container CAP_SYS_ADMIN. */
export const noMounts = lackOfMounts();

export interface SmallVolume extends Place {
  /** Somebody else's file takes all that is left. */
  fill(): void;
  /** That file goes. */
  empty(): void;
}

/** A place whose folder is a volume of its own in memory, of so many bytes. */
export const smallVolume = async (bytes: number): Promise<SmallVolume> => {
  const place = await freshPlace();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', place.dataDir]);
  afterFile(() => execFileSync('umount', ['--lazy', place.dataDir]));
  const path = join(place.dataDir, 'somebody-elses-file');
  return {
    ...place,
    fill: () => {
      const file = openSync(path, 'a');
      try {
        for (let piece = 1024 * 1024; piece >= 1;) {
          try {
            // A part may fit where the whole does not.
            if (writeSync(file, noise(piece)) < piece) piece = Math.floor(piece / 2);
          } catch {
            piece = Math.floor(piece / 2);
          }
        }
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(path),
  };
};
