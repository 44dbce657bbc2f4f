import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.js';
import { freshPlace } from './database.js';
import type { Place } from './database.js';
import type { Ended } from './program.js';
import { tempFolder } from './temp-folder.js';

/** A folder to back up into, as an operator uses it. */
export class Backups {
  constructor(readonly dir = join(tempFolder(), 'backups')) {}

  backup(place: Place, ...flags: string[]): Promise<Ended> {
    return command(['backup', this.dir, ...flags], { place });
  }

  restore(place: Place, ...flags: string[]): Promise<Ended> {
    return command(['restore', this.dir, ...flags], { place });
  }

  /** Restores elsewhere, and says where. */
  async restoredPlace(...flags: string[]): Promise<Place> {
    const place = await freshPlace();
    expect(await this.restore(place, ...flags)).toMatchObject({ code: 0 });
    return place;
  }

  /** Names, the newest last. */
  get snapshots(): readonly string[] {
    const folder = join(this.dir, 'snapshots');
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  pathOf(id: string): string {
    return join(this.dir, 'archives', id.slice(-4, -2), id.slice(-2), id);
  }

  /** Ids of all archives in it, whichever snapshot names them; of partial ones with a mark. */
  get archives(): readonly string[] {
    const folder = join(this.dir, 'archives');
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => (parentPath.endsWith('/partial') ? `partial ${name}` : name))
      .sort();
  }
}

/** One bit of a file turns over, as on an old disk. */
export const flipBit = (path: string): void => {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
};
