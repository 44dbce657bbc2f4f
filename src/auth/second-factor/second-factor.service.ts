import { Injectable } from '@nestjs/common';
import { toString as qrCode } from 'qrcode';
import { DataSource, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { Happening } from '../../audit/audit.service.js';
import { ValidationFailed } from '../../errors/errors.js';
import { actorOf } from '../../http/actor.js';
import type { Person } from '../../http/allow.js';
import { Keyring } from '../../secrets/secrets.js';
import { SecondFactorEnrolmentRequired, SecondFactorRequired } from '../access.errors.js';
import { LoginService } from '../login/login.service.js';
import type { SignedIn } from '../login/login.service.js';
import { FailuresService } from '../sessions/failures.service.js';
import { sessionView } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { User } from '../users/user.entity.js';
import { RecoveryCodes } from './recovery-codes.js';
import type { BeginEnrolment, EnrolmentView } from './second-factor.dto.js';
import { CodeInvalid } from './second-factor.errors.js';
import { isTotpCode, newTotpSecret, otpauthUrl, stepOfCode } from './totp.policy.js';

/** Uses a code up in the transaction of what it allows; false where it was used before. */
type UseUp = (tx: EntityManager) => Promise<boolean>;

/** Enrolling and proving the second factor: TOTP (RFC 6238), with recovery codes in its stead. */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
    private readonly audit: AuditService,
    private readonly login: LoginService,
    private readonly sessions: SessionsService,
    private readonly failures: FailuresService,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  /**
   * Begins an enrolment. Replacing an enrolled factor takes AAL2, the password and a code (ASVS 7.5.1).
   * @throws SecondFactorRequired, ValidationFailed, CodeInvalid, RateLimited
   */
  async begin(person: Person, input: BeginEnrolment): Promise<EnrolmentView> {
    if (person.hasSecondFactor) await this.proveAgain(person, input);
    const secret = newTotpSecret();
    const url = otpauthUrl(secret, person.username);
    const { affected } = await this.dataSource.manager.update(
      User,
      // A factor enrolled meanwhile is not replaced by a session that did not prove it.
      { id: person.userId, ...(person.hasSecondFactor ? {} : { totpSecret: IsNull() }) },
      { totpPending: this.keyring.seal('totp', person.userId, secret) },
    );
    if (affected !== 1) throw new SecondFactorRequired();
    return { secret, otpauthUrl: url, qrSvg: await qrCode(url, { type: 'svg' }) };
  }

  private async proveAgain(person: Person, { password, code }: BeginEnrolment): Promise<void> {
    if (person.aal !== 2) throw new SecondFactorRequired();
    if (password === undefined || code === undefined)
      throw new ValidationFailed(
        [
          { field: 'password', message: 'password is needed to replace the second factor' },
          { field: 'code', message: 'code is needed to replace the second factor' },
        ].filter(({ field }) => (field === 'password' ? password : code) === undefined),
      );
    await this.login.provePassword(person, password, 'password');
    await this.withCode(person, code, 'any', () => Promise.resolve());
  }

  /**
   * Ends an enrolment by its first code: the secret counts, the session is at AAL2 under a new id, all others end.
   * @throws SecondFactorRequired, CodeInvalid, RateLimited, SessionExpired
   */
  async confirm(
    person: Person,
    typed: string,
  ): Promise<{ readonly id: string; readonly recoveryCodes: readonly string[] }> {
    if (person.hasSecondFactor && person.aal !== 2) throw new SecondFactorRequired();
    await this.failures.take({ kind: 'code', userId: person.userId }, new Date());
    const { totpPending } = await this.userOf(person);
    const step = totpPending === null ? null : this.stepOf(person, totpPending, typed);
    if (totpPending === null || step === null) return this.refuse(person);
    const codes = await this.recoveryCodes.make();
    const id = await this.dataSource.transaction(async (tx) => {
      // The pending secret is the condition: of many confirmations at once one enrols.
      const { affected } = await tx.update(
        User,
        {
          id: person.userId,
          totpPending,
          ...(person.hasSecondFactor ? {} : { totpSecret: IsNull() }),
        },
        { totpSecret: totpPending, totpPending: null, totpLastStep: step },
      );
      if (affected !== 1) return null;
      await this.recoveryCodes.replace(tx, person.userId, codes);
      await this.sessions.endAllOf(tx, person.userId, person.session);
      await this.failures.forgive(tx, { kind: 'code', userId: person.userId });
      await this.record(tx, person, 'second-factor.enrolled', { again: person.hasSecondFactor });
      return this.raise(tx, person);
    });
    if (id === null) return this.refuse(person);
    return { id, recoveryCodes: codes.shown };
  }

  /**
   * Raises the session to AAL2, under a new id.
   * @throws SecondFactorEnrolmentRequired, CodeInvalid, RateLimited, SessionExpired
   */
  async prove(person: Person, typed: string, kind: 'totp' | 'recovery'): Promise<SignedIn> {
    if (!person.hasSecondFactor) throw new SecondFactorEnrolmentRequired();
    const id = await this.withCode(person, typed, kind, (tx) => this.raise(tx, person));
    return { id, view: sessionView({ ...person, aal: 2 }) };
  }

  /** Judges a code and, where it is good, does `work` in the transaction that uses it up. */
  private async withCode<Result>(
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
      await this.record(tx, person, 'recovery-code.used', { left });
      return true;
    };
  }

  private async raise(tx: EntityManager, person: Person): Promise<string> {
    const id = await this.sessions.renew(tx, person, 2);
    await this.record(tx, person, 'session.raised');
    return id;
  }

  private userOf(person: Person): Promise<User> {
    return this.dataSource.manager.findOneByOrFail(User, { id: person.userId });
  }

  private stepOf(person: Person, sealed: string, typed: string): number | null {
    return stepOfCode(this.keyring.open('totp', person.userId, sealed), typed, new Date());
  }

  /** @throws CodeInvalid, once it is on record */
  private async refuse(person: Person): Promise<never> {
    await this.record(this.dataSource.manager, person, 'second-factor.refused');
    throw new CodeInvalid();
  }

  private record(
    manager: EntityManager,
    person: Person,
    action: Happening['action'],
    details: Happening['details'] = {},
  ): Promise<void> {
    const subject = { kind: 'user', id: person.userId };
    return this.audit.record(manager, actorOf(person), { action, subject, details });
  }
}
