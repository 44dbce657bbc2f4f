import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { WithoutSubject } from '../../events/events.js';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { Person } from '../../http/allow.js';
import { Keyring } from '../../secrets/secrets.js';
import { FailuresService } from '../../throttling/failures.service.js';
import { User } from '../accounts/user.entity.js';
import { RecoveryCodes } from './recovery-codes.js';
import { CodeInvalid } from './second-factor.errors.js';
import { isTotpCode, stepOfCode } from './totp.policy.js';

/** What people do about their own second factor. */
type OwnEvent =
  'second_factor.enrolled' | 'second_factor.refused' | 'recovery_code.used' | 'session.raised';

/** Uses a code up in the transaction of what it allows; false where it was used before. */
type UseUp = (tx: EntityManager) => Promise<boolean>;

/** Judges what people type: codes of an authenticator app (RFC 6238) and recovery codes. */
@Injectable()
export class Codes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
    private readonly events: EventsService,
    private readonly failures: FailuresService,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  /**
   * Judges a code and, where it is good, does `work` in the transaction that uses it up.
   * @throws CodeInvalid, RateLimited
   */
  async withCode<Result>(
    person: Person,
    typed: string,
    kind: 'totp' | 'recovery' | 'any',
    work: (tx: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    const attempt = { kind: 'code', userId: person.userId } as const;
    return this.failures.inTurn(attempt, async () => {
      await this.failures.take(attempt, new Date());
      const isTotp = kind === 'totp' || (kind === 'any' && isTotpCode(typed));
      const useUp = await (isTotp ? this.totp(person, typed) : this.recovery(person, typed));
      if (useUp === null) return this.refuse(person);
      const done = await this.dataSource.transaction(async (tx) => {
        if (!(await useUp(tx))) return null;
        await this.failures.forgive(tx, attempt);
        return { result: await work(tx) };
      });
      return done === null ? this.refuse(person) : done.result;
    });
  }

  private async totp(person: Person, typed: string): Promise<UseUp | null> {
    const { totpSecret } = await this.userOf(person);
    const step = totpSecret === null ? null : this.stepOf(person, totpSecret, typed);
    if (step === null) return null;
    // RFC 6238, section 5.2: a code works once. The database decides it, for all replicas and requests at once.
    return async (tx) => {
      const { affected } = await tx
        .createQueryBuilder()
        .update(User)
        .set({ totpLastStep: step })
        .where('id = :id AND totp_secret = :totpSecret', { id: person.userId, totpSecret })
        .andWhere('(totp_last_step IS NULL OR totp_last_step < :step)', { step })
        .execute();
      return affected === 1;
    };
  }

  private async recovery(person: Person, typed: string): Promise<UseUp | null> {
    const code = await this.recoveryCodes.find(person.userId, typed);
    if (code === null) return null;
    return async (tx) => {
      // Holds the user's row, as a code's step does: a reset at this moment ends the session that is raised here.
      const { affected } = await tx.update(
        User,
        { id: person.userId, disabled: false },
        { disabled: false },
      );
      if (affected !== 1 || !(await this.recoveryCodes.use(tx, code))) return false;
      const left = await this.recoveryCodes.left(tx, person.userId);
      await this.record(tx, person, { name: 'recovery_code.used', details: { left } });
      return true;
    };
  }

  userOf(person: Person): Promise<User> {
    return this.dataSource.manager.findOneByOrFail(User, { id: person.userId });
  }

  /** The time step of a code of this sealed secret; null where it is none that counts now. */
  stepOf(person: Person, sealed: string, typed: string): number | null {
    return stepOfCode(this.keyring.open('totp', person.userId, sealed), typed, new Date());
  }

  /** @throws CodeInvalid, once it is on record */
  async refuse(person: Person): Promise<never> {
    await this.record(this.dataSource.manager, person, { name: 'second_factor.refused' });
    throw new CodeInvalid();
  }

  /** Records what a person did about their second factor. */
  record(manager: EntityManager, person: Person, event: WithoutSubject<OwnEvent>): Promise<void> {
    const subject = { kind: 'user', id: person.userId } as const;
    return this.events.record(manager, actorOf(person), { ...event, subject });
  }
}
