import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../database/errors.js';
import { RateLimited } from '../errors/errors.js';
import { Keyring } from '../secrets/secrets.js';
import { AuthFailure } from './auth-failure.entity.js';
import { keptForMs, longestWaitFrom, waitAfterMs } from './failures.policy.js';

/**
 * What was tried: a password, by the folded name, whether or not an account has it; or a code, or a passkey, by the
 * user's id. Each is counted for itself: who guesses codes does not keep a passkey from its owner.
 */
export type Attempt =
  | { readonly kind: 'password'; readonly usernameKey: string }
  | { readonly kind: 'code' | 'passkey'; readonly userId: string };

/** More rounds than this only happen while somebody else succeeds again and again. */
const rounds = 5;

/**
 * Counts failures in a row on each account, on the server and whatever the address. A try is counted as a failure
 * before it is judged and forgiven when it succeeds: so a hundred tries at once are not judged a hundred times.
 */
@Injectable()
export class FailuresService {
  /** The last of those who wait, by account. */
  private readonly turns = new Map<string, Promise<void>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
  ) {}

  private subject(attempt: Attempt): string {
    const account = attempt.kind === 'password' ? attempt.usernameKey : attempt.userId;
    return this.keyring.sign('auth-failure', `${attempt.kind}:${account}`);
  }

  /**
   * Runs what takes a try and judges it, one after the other for each account in this process: of twenty good tries
   * at once all succeed, since each forgives itself before the next is counted. Other replicas only count.
   */
  async inTurn<Result>(attempt: Attempt, work: () => Promise<Result>): Promise<Result> {
    const subject = this.subject(attempt);
    const turn = (this.turns.get(subject) ?? Promise.resolve()).then(work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.turns.set(subject, settled);
    try {
      return await turn;
    } finally {
      if (this.turns.get(subject) === settled) this.turns.delete(subject);
    }
  }

  /**
   * Takes a try, in a statement of its own, so that no rollback gives it back.
   * @throws RateLimited while the account's wait lasts, the same for names that no account has
   */
  async take(attempt: Attempt, now: Date): Promise<void> {
    const subject = this.subject(attempt);
    for (let round = 0; round < rounds; round += 1)
      if ((await this.countAnother(subject, now)) || (await this.countFirst(subject, now))) return;
      else await this.refuseBlocked(subject, now);
    throw new RateLimited(1);
  }

  /** One conditional statement: of many at once, each sees the wait that the one before it set. */
  private async countAnother(subject: string, now: Date): Promise<boolean> {
    const { affected } = await this.dataSource
      .createQueryBuilder()
      .update(AuthFailure)
      .set({ failures: () => 'failures + 1', blockedUntil: () => blockedUntil(now), lastAt: now })
      .where('subject = :subject AND blocked_until <= :now', { subject, now: now.getTime() })
      .execute();
    return affected === 1;
  }

  private async countFirst(subject: string, now: Date): Promise<boolean> {
    try {
      await this.dataSource.manager.insert(AuthFailure, {
        subject,
        failures: 1,
        blockedUntil: notBlocked,
        lastAt: now,
      });
      return true;
    } catch (cause) {
      if (isUniqueViolation(cause)) return false;
      throw cause;
    }
  }

  private async refuseBlocked(subject: string, now: Date): Promise<void> {
    const failure = await this.dataSource.manager.findOneBy(AuthFailure, { subject });
    const waitMs = (failure?.blockedUntil.getTime() ?? 0) - now.getTime();
    if (waitMs > 0) throw new RateLimited(Math.ceil(waitMs / 1000));
  }

  /** The try succeeded: what failed before is forgiven. */
  async forgive(tx: EntityManager, attempt: Attempt): Promise<void> {
    await tx.delete(AuthFailure, { subject: this.subject(attempt) });
  }

  async removeOld(now: Date): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .delete()
      .from(AuthFailure)
      .where('last_at < :before', { before: now.getTime() - keptForMs })
      .execute();
  }
}

/** Not the present moment: the clocks of two replicas differ. */
const notBlocked = new Date(0);

/** The end of the wait as SQL, by the count before this failure; all numbers are ours. */
const blockedUntil = (now: Date): string => {
  const end = (failures: number): number => {
    const wait = waitAfterMs(failures);
    return wait === 0 ? notBlocked.getTime() : now.getTime() + wait;
  };
  const cases = Array.from(
    { length: longestWaitFrom - 1 },
    (_none, before) => `WHEN ${before} THEN ${end(before + 1)}`,
  );
  return `CASE failures ${cases.join(' ')} ELSE ${end(longestWaitFrom)} END`;
};
