import { Injectable } from '@nestjs/common';
import { DataSource, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { RelyingParty } from '../../http/addresses.js';
import type { Person } from '../../http/allow.js';
import { Keyring } from '../../secrets/secrets.js';
import { SecondFactorEnrolmentRequired, SecondFactorRequired } from '../access.errors.js';
import type { SignedIn } from '../login/login.service.js';
import { FailuresService } from '../../throttling/failures.service.js';
import { sessionView } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { User } from '../accounts/user.entity.js';
import { Codes } from './codes.service.js';
import { ProveAgain } from './prove-again.service.js';
import { RecoveryCodes } from './recovery-codes.js';
import type { EnrolmentView, Proof } from './second-factor.dto.js';
import { newTotpSecret, otpauthUrl } from './totp.policy.js';

/** Enrolling and proving TOTP (RFC 6238), with recovery codes in the stead of any second factor. */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
    private readonly sessions: SessionsService,
    private readonly failures: FailuresService,
    private readonly codes: Codes,
    private readonly proveAgain: ProveAgain,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  /**
   * Begins an enrolment. Where a second factor is enrolled, this or another, it takes AAL2 and another proof.
   * @throws SecondFactorRequired, ValidationFailed, CodeInvalid, PasskeyInvalid, RateLimited
   */
  async begin(person: Person, proof: Proof, rp: RelyingParty): Promise<EnrolmentView> {
    if (person.hasSecondFactor) await this.proveAgain.prove(person, proof, rp);
    const secret = newTotpSecret();
    const url = otpauthUrl(secret, person.username);
    const { affected } = await this.dataSource.manager.update(
      User,
      { id: person.userId, ...unlessEnrolled(person) },
      { totpPending: this.keyring.seal('totp', person.userId, secret) },
    );
    if (affected !== 1) throw new SecondFactorRequired();
    // Loaded when somebody enrols, which most processes never see.
    const { toString: qrCode } = await import('qrcode');
    return { secret, otpauthUrl: url, qrSvg: await qrCode(url, { type: 'svg' }) };
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
    const { totpPending } = await this.codes.userOf(person);
    const step = totpPending === null ? null : this.codes.stepOf(person, totpPending, typed);
    if (totpPending === null || step === null) return this.codes.refuse(person);
    const codes = await this.recoveryCodes.make();
    const id = await this.dataSource.transaction(async (tx) => {
      // The pending secret is the condition: of many confirmations at once one enrols.
      const { affected } = await tx.update(
        User,
        { id: person.userId, totpPending, ...unlessEnrolled(person) },
        { totpSecret: totpPending, totpPending: null, totpLastStep: step },
      );
      if (affected !== 1) return null;
      await this.recoveryCodes.replace(tx, person.userId, codes);
      await this.sessions.endAllOf(tx, person.userId, person.session);
      await this.failures.forgive(tx, { kind: 'code', userId: person.userId });
      await this.codes.record(tx, person, {
        name: 'second_factor.enrolled',
        details: { method: 'totp', again: person.hasSecondFactor },
      });
      return this.raise(tx, person);
    });
    if (id === null) return this.codes.refuse(person);
    return { id, recoveryCodes: codes.shown };
  }

  /**
   * Raises the session to AAL2, under a new id.
   * @throws SecondFactorEnrolmentRequired, CodeInvalid, RateLimited, SessionExpired
   */
  async prove(person: Person, typed: string, kind: 'totp' | 'recovery'): Promise<SignedIn> {
    if (!person.hasSecondFactor) throw new SecondFactorEnrolmentRequired();
    const id = await this.codes.withCode(person, typed, kind, (tx) => this.raise(tx, person));
    return { id, view: sessionView({ ...person, aal: 2 }) };
  }

  private async raise(tx: EntityManager, person: Person): Promise<string> {
    const id = await this.sessions.renew(tx, person, 2);
    await this.codes.record(tx, person, { name: 'session.raised' });
    return id;
  }
}

/** A factor enrolled meanwhile, of either kind, is not joined or replaced by a session that did not prove it. */
const unlessEnrolled = (person: Person) =>
  person.hasSecondFactor ? {} : { totpSecret: IsNull(), passkeys: 0 };
