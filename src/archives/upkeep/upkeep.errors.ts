/** The store and the database do not seem to belong together; said to the operator, not over HTTP. */
export class TooManyOrphans extends Error {
  constructor(orphans: number, files: number) {
    super(
      `${orphans} of ${files} files in the storage have no record: this looks like another database's storage or an old backup. Nothing was removed. If they really shall go, run sweep with --force`,
    );
    this.name = 'TooManyOrphans';
  }
}
