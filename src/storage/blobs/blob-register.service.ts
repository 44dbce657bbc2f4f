import { Injectable } from '@nestjs/common';
import { And, DataSource, In, LessThan, MoreThan, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { insertRow } from '../../database/insert.js';
import { Instance } from '../../database/instance.js';
import { newId } from '../../secrets/secrets.js';
import { blobKey } from '../blob-store.js';
import type { BlobKey } from '../blob-store.js';
import { BlobOwners } from './blob-owners.js';
import type { Damage, Owner } from './blob-owners.js';
import { BlobRecord, original } from './blob-record.entity.js';
import { OwnerGone, WritingLost } from './blobs.errors.js';
import { Tombstones } from './tombstones.service.js';

/** What a blob holds. */
export interface Contents {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface NamedBlob {
  readonly key: BlobKey;
  /** What people call it. */
  readonly name: string;
}

const batchSize = 500;

/** Versions that know the register run beside one that does not for less than this, in milliseconds. */
const changeOverMs = 30 * 24 * 60 * 60 * 1000;

/** Blobs whose bytes should be in the store; those that are coming are not. */
const kept = Not<BlobRecord['state']>('coming');

/**
 * Who owns which bytes in the store. Whatever looks after bytes (sweep, verify, scrub, backup, restore, deletion) asks
 * here, and so knows the blobs of every feature without knowing the feature.
 *
 * Whoever writes takes the owner's row first, then the blob's, so that no two wait for each other.
 */
@Injectable()
export class BlobRegister {
  /** Blobs that this process writes. A row of ours that is not among them was left by a failed clean-up. */
  private readonly writing = new Set<BlobKey>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly owners: BlobOwners,
    private readonly tombstones: Tombstones,
  ) {}

  /** Records the bytes that an owner is made with, in the same transaction; they are durable already. */
  async addOriginal(
    tx: EntityManager,
    owner: Owner,
    key: string,
    contents: Contents,
  ): Promise<void> {
    const { size, sha256 } = contents;
    await insertRow(tx, BlobRecord, {
      key: blobKey(key),
      ownerKind: owner.kind,
      ownerId: owner.id,
      role: original,
      state: 'stored',
      size,
      sha256,
    });
  }

  /** Registers what an older version of the program stored. @param since far enough back for any upgrade, if left out */
  async adopt(since = new Date(Date.now() - changeOverMs)): Promise<void> {
    for (const owner of this.owners.all()) await owner.adopt(since);
  }

  /** The newest intact blob that its owner has for this; null where there is none. */
  of(owner: Owner, role: string): Promise<BlobRecord | null> {
    return this.dataSource.manager.findOne(BlobRecord, {
      where: { ownerId: owner.id, ownerKind: owner.kind, role, state: 'stored' },
      order: { key: 'DESC' },
    });
  }

  /** The next one whose bytes should be there, in the order of the keys. */
  next(after: string, before: string): Promise<BlobRecord | null> {
    return this.dataSource.manager.findOne(BlobRecord, {
      where: { key: And(MoreThan(after as BlobKey), LessThan(before as BlobKey)), state: kept },
      order: { key: 'ASC' },
    });
  }

  /** All whose bytes should be there, in the order of the keys. */
  async *all(): AsyncIterable<BlobRecord> {
    let after = '' as BlobKey;
    for (;;) {
      const batch: BlobRecord[] = await this.dataSource.manager.find(BlobRecord, {
        where: { key: MoreThan(after), state: kept },
        order: { key: 'ASC' },
        take: batchSize,
      });
      yield* batch;
      const last = batch.at(-1);
      if (!last) return;
      after = last.key;
    }
  }

  /** Which of these keys have a row, and whether their bytes should be there. */
  async recorded(keys: readonly BlobKey[]): Promise<ReadonlyMap<BlobKey, 'coming' | 'kept'>> {
    const rows = await this.dataSource.manager.find(BlobRecord, {
      select: { key: true, state: true },
      where: { key: In(keys) },
    });
    return new Map(rows.map(({ key, state }) => [key, state === 'coming' ? state : 'kept']));
  }

  /** Those of these keys that have a row, with what people call them. */
  async named(keys: readonly BlobKey[]): Promise<readonly NamedBlob[]> {
    const named: NamedBlob[] = [];
    for (const key of keys) {
      const row = await this.dataSource.manager.findOneBy(BlobRecord, { key });
      if (row) named.push({ key, name: await this.nameOf(row) });
    }
    return named;
  }

  /** What people call it: its owner's name, and its role where it is derived. */
  async nameOf({ key, ownerKind, ownerId, role }: BlobRecord): Promise<string> {
    const name = await this.owners.of(ownerKind).nameOf(this.dataSource.manager, ownerId);
    if (name === null) return key;
    return role === original ? name : `${name} (${role})`;
  }

  /**
   * Takes their blobs from owners whose rows this transaction has deleted. One that is coming is left to its writer,
   * which finds its owner gone: buried now, its bytes might still arrive.
   * @returns keys to bury after the commit; their tombstones are added
   */
  async release(tx: EntityManager, owners: readonly Owner[]): Promise<readonly BlobKey[]> {
    const released: BlobKey[] = [];
    for (let at = 0; at < owners.length; at += batchSize) {
      const ids = owners.slice(at, at + batchSize).map(({ id }) => id);
      const rows = await tx.find(BlobRecord, {
        select: { key: true },
        where: { ownerId: In(ids), state: kept },
      });
      const keys = rows.map(({ key }) => key);
      await this.drop(tx, keys);
      released.push(...keys);
    }
    return released;
  }

  /**
   * Marks it by what reading it has shown, and tells its owner.
   * @param damage null where its bytes are right
   * @returns false where it is gone
   */
  async judge(blob: BlobRecord, damage: Damage | null): Promise<boolean> {
    const owner = this.owners.of(blob.ownerKind);
    const { key, ownerId } = blob;
    const [from, to] = damage ? (['stored', 'damaged'] as const) : (['damaged', 'stored'] as const);
    return this.dataSource.transaction(async (tx) => {
      if (!(await owner.hold(tx, ownerId))) return false;
      const { affected } = await tx.update(BlobRecord, { key, state: from }, { state: to });
      // Marked before, perhaps a moment ago by a command beside the service: said once.
      if (affected !== 1) return tx.existsBy(BlobRecord, { key });
      await (damage ? owner.damaged(tx, blob, damage) : owner.intactAgain(tx, blob));
      return true;
    });
  }

  /**
   * Removes a blob whose owner is gone: an older version of the program, which knew no register, deleted that.
   * @returns whether it was one
   */
  async dropIfOwnerless({ key, ownerKind, ownerId }: BlobRecord): Promise<boolean> {
    const { manager } = this.dataSource;
    if ((await this.owners.of(ownerKind).nameOf(manager, ownerId)) !== null) return false;
    await this.dataSource.transaction((tx) => this.drop(tx, [key]));
    await this.tombstones.buryQuietly([key]);
    return true;
  }

  /**
   * Announces a derived blob before its first byte is written, so that its bytes are never nobody's.
   * @throws OwnerGone
   */
  async announce(owner: Owner, role: string): Promise<BlobKey> {
    const key = blobKey(newId());
    this.writing.add(key);
    try {
      await this.dataSource.transaction(async (tx) => {
        await this.hold(tx, owner);
        await insertRow(tx, BlobRecord, {
          key,
          ownerKind: owner.kind,
          ownerId: owner.id,
          role,
          state: 'coming',
          size: 0,
          sha256: '',
          instance: this.instance.number,
        });
      });
      return key;
    } catch (cause) {
      this.writing.delete(key);
      throw cause;
    }
  }

  /**
   * An announced blob's bytes are durable: from now on it is the one that its owner has for this, in the place of
   * others of the same role.
   * @param keep writes what else goes with it, in the same transaction
   * @returns keys to bury: of those that it replaces
   * @throws OwnerGone, WritingLost
   */
  async settle(
    owner: Owner,
    { key, role, size, sha256 }: Contents & { readonly key: BlobKey; readonly role: string },
    keep: (tx: EntityManager) => Promise<void>,
  ): Promise<readonly BlobKey[]> {
    const replaced = await this.dataSource.transaction(async (tx) => {
      await this.hold(tx, owner);
      const { affected } = await tx.update(
        BlobRecord,
        { key, state: 'coming' },
        { state: 'stored', size, sha256, instance: null },
      );
      if (affected !== 1) throw new WritingLost(key);
      const rows = await tx.find(BlobRecord, {
        select: { key: true },
        where: { ownerId: owner.id, role, state: kept, key: Not(key) },
      });
      const keys = rows.map((row) => row.key);
      await this.drop(tx, keys);
      await keep(tx);
      return keys;
    });
    this.writing.delete(key);
    return replaced;
  }

  /**
   * The writing of an announced blob failed: its row goes, and its bytes are buried.
   * @returns false where it is stored all the same: the answer to its commit was lost
   */
  async abandon(key: BlobKey): Promise<boolean> {
    this.writing.delete(key);
    const isAbandoned = await this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.delete(BlobRecord, { key, state: 'coming' });
      if (affected !== 1 && (await tx.existsBy(BlobRecord, { key }))) return false;
      // Also where its owner was deleted: bytes may have come after that burial.
      await this.tombstones.add(tx, [key]);
      return true;
    });
    if (isAbandoned) await this.tombstones.buryQuietly([key]);
    return isAbandoned;
  }

  /** Abandons what processes that died were writing. @returns how many */
  async reclaim(): Promise<number> {
    const rows = (await this.notStored()).filter(({ state }) => state === 'coming');
    const others = rows.flatMap(({ instance }) => instance ?? []);
    const alive = await this.instance.living(others);
    let reclaimed = 0;
    for (const { key, instance } of rows) {
      const isOurs = instance === this.instance.number;
      if (isOurs ? this.writing.has(key) : alive.has(instance ?? 0)) continue;
      if (await this.abandon(key)) reclaimed += 1;
    }
    return reclaimed;
  }

  /** Those that are coming or damaged: few, whatever the number of all. */
  notStored(): Promise<readonly BlobRecord[]> {
    return (
      this.dataSource
        .createQueryBuilder(BlobRecord, 'blob')
        // The partial index's own condition, word for word: SQLite finds it by that.
        .where("blob.state <> 'stored'")
        .getMany()
    );
  }

  /** @throws OwnerGone */
  private async hold(tx: EntityManager, owner: Owner): Promise<void> {
    if (!(await this.owners.of(owner.kind).hold(tx, owner.id))) throw new OwnerGone(owner);
  }

  private async drop(tx: EntityManager, keys: readonly BlobKey[]): Promise<void> {
    if (keys.length === 0) return;
    // In this order everywhere, so that no two wait for each other.
    await tx.delete(BlobRecord, { key: In(keys) });
    await this.tombstones.add(tx, keys);
  }
}
