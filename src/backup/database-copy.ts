import type { DataSource, EntityManager } from 'typeorm';
import { isPostgres } from '../database/data-source.js';
import {
  CopyBroken,
  CopyDiffers,
  DatabaseServed,
  Interrupted,
  TargetNotEmpty,
} from './backup.errors.js';
import type { TableShape } from './backup.policy.js';
import { DatabaseSnapshot } from './database-snapshot.js';
import { insertRows, mostParameters, usedTables, ownTables, withoutTimeout } from './filling.js';
import { RowsDigest } from './rows-digest.js';

export interface CopiedTable {
  readonly name: string;
  readonly rows: number;
  /** Of all rows, whatever their order: the same on both sides. */
  readonly digest: string;
}

/**
 * Copies a database as it stands into an empty one, of the same kind or the other: all tables, unlike a backup, because
 * the copy takes the place of what it was made of and the storage stays where it is. Sessions, waits and unfinished
 * uploads go on, and so does the store's id. One transaction writes it and reads it back: a copy that fails, or is
 * broken off, or differs, leaves the target empty.
 */
export class DatabaseCopy {
  /** What was being done, for the error. */
  private doing = '';

  /**
   * @param target migrated to the same schema, and served by nobody
   * @param isSourceServed whether a service has begun on the source: what it takes is not in the copy
   */
  constructor(
    private readonly source: DatabaseSnapshot,
    private readonly target: DataSource,
    private readonly signal: AbortSignal,
    private readonly isSourceServed: () => Promise<boolean>,
  ) {}

  /** @throws TargetNotEmpty, CopyDiffers, DatabaseServed, CopyBroken, Interrupted */
  async run(): Promise<readonly CopiedTable[]> {
    try {
      return await this.target.transaction(async (tx) => {
        await this.claim(tx);
        const all: CopiedTable[] = [];
        for (const shape of this.source.allTables) all.push(await this.copy(tx, shape));
        // PostgreSQL plans by what it knows of the tables, and would learn it only by and by.
        if (isPostgres(this.target)) await tx.query('ANALYZE');
        await this.compare(tx, all);
        this.doing = 'committing';
        if (await this.isSourceServed()) throw new DatabaseServed('source');
        return all;
      });
    } catch (cause) {
      if ([TargetNotEmpty, CopyDiffers, DatabaseServed].some((kind) => cause instanceof kind))
        throw cause;
      if (this.signal.aborted) throw new Interrupted('copy');
      throw new CopyBroken(this.doing, { cause });
    }
  }

  /** Whoever else would write into the target waits until the copy is through. */
  private async claim(tx: EntityManager): Promise<void> {
    const tables = this.source.allTables.map(({ name }) => name);
    const { driver } = this.target;
    this.doing = 'taking the target';
    if (isPostgres(this.target))
      await tx.query(
        `LOCK TABLE ${tables.map((name) => driver.escape(name)).join(', ')} IN SHARE ROW EXCLUSIVE MODE`,
      );
    await withoutTimeout(tx);
    const used = await usedTables(tx, tables);
    if (used.length > 0) throw new TargetNotEmpty(used);
    // Of a service that was started there: the id of its store and its set-up link end here.
    for (const table of ownTables) await tx.query(`DELETE FROM ${driver.escape(table)}`);
  }

  private async copy(tx: EntityManager, shape: TableShape): Promise<CopiedTable> {
    this.doing = `copying ${shape.name}`;
    const columns = shape.columns.map(({ name }) => name);
    const most = Math.floor(mostParameters / columns.length);
    const digest = new RowsDigest();
    for await (const batch of this.source.rows(shape)) {
      this.signal.throwIfAborted();
      const rows = batch.map((row) => columns.map((column) => row[column] ?? null));
      rows.forEach((row) => digest.add(row));
      for (let at = 0; at < rows.length; at += most)
        await insertRows(tx, { table: shape.name, columns }, rows.slice(at, at + most));
    }
    return { name: shape.name, ...digest.end() };
  }

  /** Reads back what the target made of it. */
  private async compare(tx: EntityManager, copied: readonly CopiedTable[]): Promise<void> {
    const { queryRunner } = tx;
    if (!queryRunner) throw new TypeError('a transaction has a query runner');
    const target = new DatabaseSnapshot(this.target, queryRunner);
    for (const shape of target.allTables) {
      this.doing = `reading back ${shape.name}`;
      const digest = new RowsDigest();
      for await (const batch of target.rows(shape)) {
        this.signal.throwIfAborted();
        for (const row of batch) digest.add(shape.columns.map(({ name }) => row[name] ?? null));
      }
      const found = { name: shape.name, ...digest.end() };
      const given = copied.find(({ name }) => name === shape.name);
      if (given?.rows !== found.rows || given.digest !== found.digest)
        throw new CopyDiffers(shape.name);
    }
  }
}
