import { storeIdSetting } from '../maintenance/store-identity.service.js';
import type { Row } from './backup.policy.js';

/** A row of a kept table that the copy has not. */
const isLeft = (table: string, row: Row): boolean =>
  (table === 'settings' && row['name'] === storeIdSetting) ||
  (table === 'blobs' && row['state'] === 'coming');

/**
 * Uploads under way when a backup is made have neither bytes nor an archive in it. In the copy they are settled as a
 * crash would settle them: each gives its attempt back and is remembered as interrupted. Blobs that were being
 * written are left out.
 */
export class Settling {
  private readonly reserved = new Map<string, number>();

  /** @param uploads rows of `uploads`: few, MAX_UPLOADS and the resumable ones that wait */
  constructor(
    private readonly uploads: readonly Row[],
    private readonly at: Date,
  ) {
    for (const { token_id: token } of uploads)
      this.reserved.set(String(token), (this.reserved.get(String(token)) ?? 0) + 1);
  }

  /** Rows of a table as the copy has them, in batches. The store's id is of the old store alone. */
  async *rows(
    table: string,
    batches: AsyncIterable<readonly Row[]>,
  ): AsyncIterable<readonly Row[]> {
    for await (const batch of batches)
      yield batch.filter((row) => !isLeft(table, row)).map((row) => this.settled(table, row));
    yield this.added(table);
  }

  private settled(table: string, row: Row): Row {
    if (table !== 'upload_tokens') return row;
    const back = this.reserved.get(String(row['id'])) ?? 0;
    return back === 0 ? row : { ...row, attempts_left: Number(row['attempts_left']) + back };
  }

  /** Rows that the copy has besides. */
  private added(table: string): readonly Row[] {
    if (table !== 'attempts') return [];
    return this.uploads.map((upload) => ({
      id: upload['id'] ?? null,
      token_id: upload['token_id'] ?? null,
      outcome: 'failed',
      reason: 'interrupted',
      way: upload['way'] ?? null,
      filename: upload['filename'] ?? null,
      bytes: null,
      declared_bytes: upload['declared_bytes'] ?? null,
      address: upload['address'] ?? null,
      began_at: upload['began_at'] ?? null,
      ended_at: this.at.getTime(),
    }));
  }
}
