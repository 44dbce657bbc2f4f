import type { EntityManager } from 'typeorm';
import { Statement } from '../../database/statement.js';
import { Platform } from '../../platforms/platform.entity.js';
import type { NewUpload } from './new-upload.js';
import { Upload } from './upload.entity.js';

const deleteRow = new Statement<{ id: string }>((manager) =>
  manager.createQueryBuilder().delete().from(Upload).where('id = :id'),
);

const deleteOwnRow = new Statement<{ id: string; writer: string }>((manager) =>
  manager.createQueryBuilder().delete().from(Upload).where('id = :id AND writer = :writer'),
);

export const countWithinQuota = new Statement<{ id: string; size: number }>((manager) =>
  manager
    .createQueryBuilder()
    .update(Platform)
    .set({
      archiveCount: () => 'archive_count + 1',
      archiveBytes: () => 'archive_bytes + :size',
    })
    .where('id = :id AND (quota_bytes IS NULL OR archive_bytes + :size <= quota_bytes)'),
);

/** Deletes the row of this upload, as long as it is this request's. @returns false where it is not, or no more */
export const deleted = async (
  tx: EntityManager,
  { id, writer }: Pick<NewUpload, 'id' | 'writer'>,
): Promise<boolean> =>
  (writer === undefined
    ? await deleteRow.change(tx, { id })
    : await deleteOwnRow.change(tx, { id, writer })) === 1;
