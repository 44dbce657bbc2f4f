import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, LessThan, MoreThan } from 'typeorm';
import { Every, minuteMs } from '../../jobs/decorators.js';
import { newChallenge, sha256 } from '../../secrets/secrets.js';
import { PasskeyChallenge } from './passkey-challenge.entity.js';
import type { Purpose } from './passkey-challenge.entity.js';
import { challengeLifetimeMs } from './passkey.policy.js';

/** Challenges in the database, so that any replica takes the answer and exactly one request gets it judged. */
@Injectable()
export class PasskeyChallenges {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * A new challenge, which makes the session's earlier one for this purpose void: a session holds few of them.
   * @param session hash of the session that alone may answer; null for signing in, where knowing it is all
   */
  async issue(purpose: Purpose, session: string | null, now: Date): Promise<string> {
    const challenge = newChallenge();
    const { manager } = this.dataSource;
    if (session !== null) await manager.delete(PasskeyChallenge, { session, purpose });
    await manager.insert(PasskeyChallenge, {
      hash: sha256(challenge),
      purpose,
      session,
      expiresAt: new Date(now.getTime() + challengeLifetimeMs),
    });
    return challenge;
  }

  /** Uses it up, whatever the answer is worth; false where it is not, no more, or not for this session. */
  async use(
    challenge: string,
    purpose: Purpose,
    session: string | null,
    now: Date,
  ): Promise<boolean> {
    const { affected } = await this.dataSource.manager.delete(PasskeyChallenge, {
      hash: sha256(challenge),
      purpose,
      session: session ?? IsNull(),
      expiresAt: MoreThan(now),
    });
    return affected === 1;
  }

  /** For the periodic job: what nobody answered. */
  @Every(5 * minuteMs)
  async removeExpired(now: Date): Promise<void> {
    await this.dataSource.manager.delete(PasskeyChallenge, { expiresAt: LessThan(now) });
  }
}
