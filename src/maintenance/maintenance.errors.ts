import { StorageTrouble } from '../storage/errors.js';

/** Said to the operator, not over HTTP: each is one line that ends what was asked for. */

/** The storage cannot be used now, or is another database's: nothing may be read there, or cleaned up. */
export class StorageNotThere extends Error {
  constructor(cause: unknown) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const saw =
      why instanceof StorageTrouble
        ? `${why.saw}. Check ${why.check}. Is STORAGE_URL the one that the service has, and are its credentials there?`
        : `${why instanceof Error && why.message ? why.message : 'the storage does not answer'}. Is STORAGE_URL the one that the service has, and its volume mounted, for the user that runs this?`;
    super(`Nothing was done: ${saw} See "When something fails" in docs/operations.md`, { cause });
    this.name = 'StorageNotThere';
  }
}

/** The store and the database do not seem to belong together. */
export class TooManyOrphans extends Error {
  constructor(orphans: number, files: number) {
    super(
      `${orphans} of ${files} files in the storage have no record: this looks like another database's storage or an old backup. Nothing was removed. To remove them anyway, run sweep with --force`,
    );
    this.name = 'TooManyOrphans';
  }
}
