import { Injectable } from '@nestjs/common';
import { Instance } from '../../database/instance.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import type { Upload } from '../records/upload.entity.js';

/** How much has come of uploads under way, for people to see. */
@Injectable()
export class ReceivedService {
  constructor(
    private readonly store: BlobStore,
    private readonly instance: Instance,
  ) {}

  /**
   * Asks the store, so that the uploads of other processes are known too. Not all of them: an object store shows a file
   * that comes in one request only when it is whole, and before that it is in its process's memory and in parts that
   * cost a request each to count. Nothing in the store then says nothing.
   * @returns null where it is not known
   * @throws StorageUnavailable
   */
  async bytesOf({ id, way, instance }: Pick<Upload, 'id' | 'way' | 'instance'>) {
    const held = await this.store.sizeOfPartial(blobKey(id));
    const isElsewhere = way !== 'tus' && instance !== this.instance.number;
    return held === 0 && isElsewhere ? null : held;
  }
}
