import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { BlobRecord, OwnerKind } from './blob-record.entity.js';

export interface Owner {
  readonly kind: OwnerKind;
  readonly id: string;
}

/** What reading a blob found wrong with its bytes. */
export type Damage = 'missing' | 'changed';

/** What the register needs to know of a kind of owner. It stands above the register and introduces itself. */
export interface BlobOwner {
  /**
   * Keeps it from being deleted until the transaction ends. Whoever deletes it takes the same row first.
   * @returns false where it is gone
   */
  hold(tx: EntityManager, id: string): Promise<boolean>;
  /**
   * Registers originals that have no row. An older version of the program, which knew no register, stores some beside
   * the newer tables: while the processes of an upgrade change over, or after a command of the newer version.
   */
  adopt(since: Date): Promise<void>;
  /** What people call it; null where it is gone. */
  nameOf(manager: EntityManager, id: string): Promise<string | null>;
  /** In the transaction that marks its blob damaged. */
  damaged(tx: EntityManager, blob: BlobRecord, damage: Damage): Promise<void>;
  /** In the transaction that finds the bytes right again, for example after a restore. */
  intactAgain(tx: EntityManager, blob: BlobRecord): Promise<void>;
}

/** The kinds of owners, by their names. */
@Injectable()
export class BlobOwners {
  private readonly known = new Map<OwnerKind, BlobOwner>();

  register(kind: OwnerKind, owner: BlobOwner): void {
    this.known.set(kind, owner);
  }

  all(): Iterable<BlobOwner> {
    return this.known.values();
  }

  /** @throws TypeError where its module is not loaded: a mistake in the program */
  of(kind: OwnerKind): BlobOwner {
    const owner = this.known.get(kind);
    if (!owner) throw new TypeError(`nobody answers for blobs of ${kind}`);
    return owner;
  }
}
