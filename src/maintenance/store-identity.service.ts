import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isUniqueViolation } from '../database/errors.js';
import { Setting } from '../database/setting.entity.js';
import { newId } from '../secrets/secrets.js';
import { BlobStore, NotAStore } from '../storage/blob-store.js';
import { BlobRecord } from '../storage/blobs/blob-record.entity.js';
import { StorageNotThere } from './maintenance.errors.js';

/** Names the one store of a database: not to be carried into another one. */
export const storeIdSetting = 'store-id';

/** Ties the store to the database, so that nothing is ever cleaned up in a folder that is not its store. */
@Injectable()
export class StoreIdentity {
  private readonly log = new Logger(StoreIdentity.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
  ) {}

  /**
   * For a service, which comes up without its store, too.
   * @throws NotAStore
   * @returns false where the store is not there now; it recovers automatically when the store comes back
   */
  async claim(): Promise<boolean> {
    try {
      await this.take();
      return true;
    } catch (cause) {
      if (!(cause instanceof StorageNotThere)) throw cause;
      this.log.error({ event: 'storage.unavailable', err: cause.cause });
      return false;
    }
  }

  /**
   * Call it before anything else touches the store. An empty folder becomes the store only while nothing is
   * registered: later an empty folder is a volume that is not mounted.
   * @param isNew whether the database is known to be empty; a restore's may not have the register's table yet
   * @throws NotAStore where a new database would take a folder that somebody else uses; StorageNotThere
   */
  async take(isNew = false): Promise<void> {
    const mayInitialise = isNew || !(await this.dataSource.manager.exists(BlobRecord));
    const storeId = await this.storeId();
    try {
      await this.store.claim(storeId, mayInitialise);
    } catch (cause) {
      throw cause instanceof NotAStore ? cause : new StorageNotThere(cause);
    }
  }

  /** Made where there is none yet. */
  async storeId(): Promise<string> {
    const { manager } = this.dataSource;
    const known = await manager.findOneBy(Setting, { name: storeIdSetting });
    if (known) return known.value;
    try {
      await manager.insert(Setting, { name: storeIdSetting, value: newId() });
    } catch (cause) {
      // Another replica starts at the same moment.
      if (!isUniqueViolation(cause)) throw cause;
    }
    return (await manager.findOneByOrFail(Setting, { name: storeIdSetting })).value;
  }
}
