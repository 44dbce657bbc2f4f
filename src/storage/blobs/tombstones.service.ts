import { Injectable, Logger } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { BlobStore, blobKey } from '../blob-store.js';
import { BlobRecord } from './blob-record.entity.js';
import { Tombstone } from './tombstone.entity.js';

/** SQLite takes 32766 parameters a statement, PostgreSQL 65535. */
const chunkSize = 1000;

/**
 * Deleting runs in three steps: one transaction removes the record and adds a tombstone; the bytes go; then the
 * tombstone. A crash in between leaves a tombstone, which the next start finishes.
 */
@Injectable()
export class Tombstones {
  private readonly log = new Logger(Tombstones.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
  ) {}

  /** @param keys of blobs whose record goes in this transaction */
  async add(tx: EntityManager, keys: readonly string[]): Promise<void> {
    const createdAt = new Date();
    for (let at = 0; at < keys.length; at += chunkSize)
      await tx
        .createQueryBuilder()
        .insert()
        .into(Tombstone)
        .values(keys.slice(at, at + chunkSize).map((key) => ({ key, createdAt })))
        .orIgnore()
        .execute();
  }

  /**
   * Removes the bytes, then the tombstones. One that cannot be removed keeps its tombstone and holds up no other.
   * @throws what the first of those met; the next sweep tries again
   */
  async bury(keys: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (let at = 0; at < keys.length; at += chunkSize) {
      const buried: string[] = [];
      for (const key of await this.without(keys.slice(at, at + chunkSize)))
        try {
          await this.store.remove(blobKey(key));
          buried.push(key);
        } catch (cause) {
          failures.push(cause);
        }
      await this.dataSource.manager.delete(Tombstone, { key: In(buried) });
    }
    if (failures.length > 0) throw failures[0];
  }

  /** The last line of defence: bytes that have a record stay, whatever asks for their burial. */
  private async without(keys: readonly string[]): Promise<string[]> {
    const recorded = await this.dataSource.manager.find(BlobRecord, {
      select: { key: true },
      where: { key: In(keys) },
    });
    const kept = new Set<string>(recorded.map(({ key }) => key));
    if (kept.size > 0) this.log.error({ event: 'blob.has-record', keys: [...kept] });
    return keys.filter((key) => !kept.has(key));
  }

  /** The same, where somebody already waits for another answer. */
  async buryQuietly(keys: readonly string[]): Promise<void> {
    try {
      await this.bury(keys);
    } catch (cause) {
      this.log.error({ event: 'blob.not-removed', keys, err: cause });
    }
  }

  /** Finishes what a crash or an unavailable store left. Returns how many blobs went. */
  async buryAll(): Promise<number> {
    const rows = await this.dataSource.manager.find(Tombstone);
    await this.bury(rows.map(({ key }) => key));
    return rows.length;
  }
}
