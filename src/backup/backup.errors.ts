/** Said to the operator, never over HTTP: each is one line that ends what was asked for. */

export class NotABackup extends Error {
  constructor(dir: string) {
    super(`There is no backup in ${dir}; name the folder that was given to "backup"`);
    this.name = 'NotABackup';
  }
}

export class FolderNotEmpty extends Error {
  constructor(dir: string) {
    super(
      `${dir} holds other files and no backup; give "backup" an empty folder, or that of an earlier backup`,
    );
    this.name = 'FolderNotEmpty';
  }
}

export class AnothersBackup extends Error {
  constructor(dir: string) {
    super(
      `${dir} holds the backup of another installation; give this one a folder of its own (a restored service begins a new one too)`,
    );
    this.name = 'AnothersBackup';
  }
}

export class BackupWithinStore extends Error {
  constructor(dir: string) {
    super(
      `${dir} lies in the storage itself, whose "sweep" would remove it; give "backup" a folder elsewhere, best on another disk`,
    );
    this.name = 'BackupWithinStore';
  }
}

export class FolderBusy extends Error {
  constructor(dir: string) {
    super(`Another backup or restore works in ${dir}; wait until it is through`);
    this.name = 'FolderBusy';
  }
}

export class BackupNewer extends Error {
  constructor(what: string) {
    super(
      `The backup was made by a newer program (it has ${what}); restore it with that version or a later one`,
    );
    this.name = 'BackupNewer';
  }
}

const orEarlier = (others: readonly string[]): string =>
  others.length > 0 ? `; an earlier one may be whole: --snapshot ${others.join(' or ')}` : '';

export class SnapshotDamaged extends Error {
  constructor(file: string, others: readonly string[]) {
    super(`${file} is not as it was written${orEarlier(others)}`);
    this.name = 'SnapshotDamaged';
  }
}

/** The new backup is made; an older one stands in the way of tidying up. */
export class NotPruned extends Error {
  constructor(file: string, options?: ErrorOptions) {
    super(
      `The new backup is whole, but ${file} of an older one is not as it was written: remove the folder of that one. Until then no archive is removed`,
      options,
    );
    this.name = 'NotPruned';
  }
}

export class NoSuchSnapshot extends Error {
  constructor(name: string, known: readonly string[]) {
    super(`There is no snapshot ${name}; there are ${known.join(', ') || 'none'}`);
    this.name = 'NoSuchSnapshot';
  }
}

export class BackupFolderFull extends Error {
  constructor(dir: string, newest: string | undefined, options?: ErrorOptions) {
    super(
      newest === undefined
        ? `There is no room left in ${dir}: no backup was made. What was copied is not copied again`
        : `There is no room left in ${dir}: no new backup was made, and that of ${newest} is whole. Make room, or remove the folders of the oldest in ${dir}/snapshots`,
      options,
    );
    this.name = 'BackupFolderFull';
  }
}

export class StoreFull extends Error {
  constructor(options?: ErrorOptions) {
    super(
      'There is no room left for what is restored; make some and run "restore" again: it resumes from what is there',
      options,
    );
    this.name = 'StoreFull';
  }
}

export class NeverStill extends Error {
  constructor() {
    super(
      'Archives were deleted faster than they could be copied, time and again; run "backup" again when less is being deleted',
    );
    this.name = 'NeverStill';
  }
}

export class DatabaseNotEmpty extends Error {
  constructor(tables: readonly string[]) {
    super(
      `The database that DATABASE_URL leads to is not empty (it has ${tables.join(', ')}); restore goes into an empty one. If a restore was just cut short at its very end, "logs-collector verify" tells whether all is there`,
    );
    this.name = 'DatabaseNotEmpty';
  }
}

export class DatabaseAhead extends Error {
  constructor() {
    super(
      'The database that DATABASE_URL leads to was used by a newer program than the one that made the backup; restore into a database that was never used',
    );
    this.name = 'DatabaseAhead';
  }
}

export class StoreNotEmpty extends Error {
  constructor(file: string) {
    super(
      `The storage that STORAGE_URL leads to is not empty (it has ${file}); restore goes into an empty one`,
    );
    this.name = 'StoreNotEmpty';
  }
}

const interruptions = {
  backup:
    'no new backup was made, the earlier ones are whole. Run it again: what was copied is not copied again',
  restore: 'nothing is in the database yet. Run it again: it resumes from what is there',
  copy: 'nothing was copied. The target may have the tables by now, and has no rows. Run it again: it goes on with them',
} as const;

export class Interrupted extends Error {
  constructor(what: keyof typeof interruptions) {
    super(`Interrupted: ${interruptions[what]}`);
    this.name = 'Interrupted';
  }
}

export class NoTarget extends Error {
  constructor() {
    super(
      'Say where to copy the database to: as the argument, or in TARGET_DATABASE_URL, which keeps its password from others on this machine; it may be one of them',
    );
    this.name = 'NoTarget';
  }
}

export class TargetInvalid extends Error {
  /** @param named the variable, or the argument */
  constructor(named: string, may: string) {
    super(`${named} holds a database's address of another form; it may hold ${may}`);
    this.name = 'TargetInvalid';
  }
}

export class TargetIsSource extends Error {
  constructor() {
    super(
      'The target is the database that DATABASE_URL leads to; name another one, which is empty',
    );
    this.name = 'TargetIsSource';
  }
}

export class DatabaseServed extends Error {
  constructor(which: 'source' | 'target') {
    super(
      `A service runs on the ${which} database; stop it, all its processes, and run the copy again`,
    );
    this.name = 'DatabaseServed';
  }
}

const mostListed = 10;

/** A database of somebody else's may have any number of tables. */
const listed = (names: readonly string[]): string =>
  names.length > mostListed
    ? `${names.slice(0, mostListed).join(', ')} and ${names.length - mostListed} more`
    : names.join(', ');

export class TargetNotEmpty extends Error {
  constructor(tables: readonly string[]) {
    super(
      `The target database is not empty (it has ${listed(tables)}); the copy goes into an empty one`,
    );
    this.name = 'TargetNotEmpty';
  }
}

export class CopyDiffers extends Error {
  constructor(table: string) {
    super(
      `Nothing was copied: ${table} was read back from the target otherwise than it was written. Please report it; "backup" and "restore" are another way`,
    );
    this.name = 'CopyDiffers';
  }
}

export class CopyBroken extends Error {
  constructor(doing: string, options: ErrorOptions) {
    const { cause } = options;
    const said = cause instanceof Error ? cause.message : String(cause);
    super(
      doing === 'committing'
        ? `The target did not say whether it has taken the copy (${said}). Run it again: it has all of it, and is then refused as not empty, or nothing`
        : `Nothing was copied, and the target has the tables and no rows: ${doing} failed (${said}). Run it again when that is mended`,
      options,
    );
    this.name = 'CopyBroken';
  }
}
