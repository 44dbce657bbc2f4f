import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../database/errors.js';
import { Setting } from '../database/setting.entity.js';
import { genesis, headText, parseHead } from './chain.policy.js';
import type { Head } from './chain.policy.js';

const name = 'audit-head';

/** The stored head cannot be read; somebody edited it. */
export class HeadDamaged extends Error {
  constructor() {
    super(
      `The setting ${name} holds no head of the audit's chain; see docs/operations.md, "The audit"`,
    );
    this.name = 'HeadDamaged';
  }
}

/** Where the chain ends; before the first event where nothing was sealed yet. @throws HeadDamaged */
export const storedHead = async (manager: EntityManager): Promise<Head> => {
  const setting = await manager.findOneBy(Setting, { name });
  const head = setting ? parseHead(setting.value) : genesis;
  if (!head) throw new HeadDamaged();
  return head;
};

/** Outside of a transaction: PostgreSQL would end it where another replica is first. */
export const makeHead = async (manager: EntityManager): Promise<void> => {
  if (await manager.existsBy(Setting, { name })) return;
  try {
    await manager.insert(Setting, { name, value: headText(genesis) });
  } catch (cause) {
    if (!isUniqueViolation(cause)) throw cause;
  }
};

/** Moves the head on. @returns false where somebody else moved it meanwhile */
export const moveHead = async (tx: EntityManager, from: Head, to: Head): Promise<boolean> => {
  const moved = await tx.update(Setting, { name, value: headText(from) }, { value: headText(to) });
  return moved.affected === 1;
};
