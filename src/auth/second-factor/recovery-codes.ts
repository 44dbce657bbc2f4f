import { Injectable } from '@nestjs/common';
import type { Options } from '@node-rs/argon2';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { newId, newRecoveryCode } from '../../secrets/secrets.js';
import { Passwords } from '../users/passwords.js';
import { RecoveryCode } from '../accounts/recovery-code.entity.js';
import { foldedRecoveryCode, recoveryCodeCount } from './recovery.policy.js';

/**
 * Argon2id, memory in KiB. Cheaper than for passwords: a code is near 50 random bits, not a person's choice, so that
 * even at this price searching one costs centuries of processor time; and a try is compared with all that are left.
 */
const forCodes: Options = { memoryCost: 4_096, timeCost: 1, parallelism: 1 };

/** New codes, in the form for people and in that for the table. */
export interface MadeCodes {
  readonly shown: readonly string[];
  readonly hashes: readonly string[];
}

@Injectable()
export class RecoveryCodes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly passwords: Passwords,
  ) {}

  async make(): Promise<MadeCodes> {
    const shown = Array.from({ length: recoveryCodeCount }, newRecoveryCode);
    const hashes = await Promise.all(
      shown.map((code) => this.passwords.hash(foldedRecoveryCode(code) ?? code, forCodes)),
    );
    return { shown, hashes };
  }

  /** Puts them in the place of the user's old ones. */
  async replace(tx: EntityManager, userId: string, { hashes }: MadeCodes): Promise<void> {
    await tx.delete(RecoveryCode, { userId });
    await tx.insert(
      RecoveryCode,
      hashes.map((hash) => ({ id: newId(), userId, hash })),
    );
  }

  /** The row whose code was typed; null where it is none of the user's. */
  async find(userId: string, typed: string): Promise<RecoveryCode | null> {
    const folded = foldedRecoveryCode(typed);
    if (folded === null) return null;
    for (const row of await this.dataSource.manager.findBy(RecoveryCode, { userId }))
      if (await this.passwords.isRight(row.hash, folded)) return row;
    return null;
  }

  /** Uses it up; false where another request was faster. */
  async use(tx: EntityManager, { id }: RecoveryCode): Promise<boolean> {
    const { affected } = await tx.delete(RecoveryCode, { id });
    return affected === 1;
  }

  left(tx: EntityManager, userId: string): Promise<number> {
    return tx.countBy(RecoveryCode, { userId });
  }
}
