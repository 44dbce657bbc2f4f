import { Injectable, Logger } from '@nestjs/common';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { DataSource, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { Actor } from '../../http/actor.js';
import type { RelyingParty } from '../../http/addresses.js';
import type { Person } from '../../http/allow.js';
import { FailuresService } from '../../throttling/failures.service.js';
import { User } from '../accounts/user.entity.js';
import type { PasskeyChallenge } from './passkey-challenge.entity.js';
import { PasskeyChallenges } from './passkey-challenges.service.js';
import { requestOptions } from './passkey-options.dto.js';
import type { PasskeyRequestOptions } from './passkey-options.dto.js';
import { Passkey } from '../accounts/passkey.entity.js';
import { clientDataOf, isCounterAhead } from './passkey.policy.js';
import { PasskeyInvalid, PasskeySignInFailed } from './passkeys.errors.js';

/** Why an answer was refused, for the audit; whoever sent it is not told. */
type Reason = 'unknown' | 'challenge' | 'origin' | 'handle' | 'signature' | 'counter' | 'disabled';

/** A good answer, before its counter was taken. */
interface Proof {
  readonly passkey: Passkey;
  readonly counter: number;
  readonly backedUp: boolean;
}

/** What an answer has to be. */
interface Expected extends Pick<PasskeyChallenge, 'purpose' | 'session'> {
  readonly rp: RelyingParty;
  /** Whether the authenticator must have asked for PIN, finger or face: then it stands for two factors. */
  readonly userVerified: boolean;
}

type OwnedPasskey = Passkey & { readonly user: User };

const stranger: Actor = { kind: 'stranger', id: null, name: 'stranger' };

/**
 * Judges what passkeys sign (WebAuthn, section 7.2). Each challenge is answered once, each answer counted as a try
 * before it is judged, and the signature counter grows by one conditional statement: of two answers with one
 * counter, one is taken.
 */
@Injectable()
export class PasskeyProofs {
  private readonly log = new Logger('Passkeys');

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
    private readonly failures: FailuresService,
    private readonly challenges: PasskeyChallenges,
  ) {}

  /**
   * Options for a person's own passkeys: beside the password possession is enough, at AAL2 a passkey alone stands for
   * password and code. @throws PasskeyInvalid where there is none
   */
  async begin(person: Person, rp: RelyingParty): Promise<PasskeyRequestOptions> {
    const own = await this.dataSource.manager.findBy(Passkey, { userId: person.userId });
    if (own.length === 0) throw new PasskeyInvalid();
    const challenge = await this.challenges.issue('prove', person.session, new Date());
    return requestOptions(rp, own, person.aal === 2 ? 'required' : 'preferred', challenge);
  }

  /** Options for whoever signs in by passkey alone: they name nobody. */
  async beginSignIn(rp: RelyingParty): Promise<PasskeyRequestOptions> {
    const challenge = await this.challenges.issue('sign-in', null, new Date());
    return requestOptions(rp, null, 'required', challenge);
  }

  /**
   * Judges a person's answer and, where it is good, does `work` in the transaction that takes its counter.
   * @throws PasskeyInvalid, RateLimited
   */
  async prove<Result>(
    person: Person,
    answer: AuthenticationResponseJSON,
    rp: RelyingParty,
    work: (tx: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    const expected: Expected = {
      rp,
      purpose: 'prove',
      session: person.session,
      userVerified: person.aal === 2,
    };
    const outcome = await this.judged(person.userId, answer, expected, work);
    if ('result' in outcome) return outcome.result;
    await this.events.record(this.dataSource.manager, actorOf(person), {
      name: 'second_factor.refused',
      subject: { kind: 'user', id: person.userId },
      details: { method: 'passkey', reason: outcome.reason },
    });
    throw new PasskeyInvalid();
  }

  /**
   * Judges the answer of somebody who signs in, as `prove` does; the passkey itself says who it is.
   * @throws PasskeySignInFailed, RateLimited
   */
  async signIn<Result>(
    answer: AuthenticationResponseJSON,
    rp: RelyingParty,
    work: (tx: EntityManager, user: User) => Promise<Result>,
  ): Promise<Result> {
    const passkey = await this.find(answer.id);
    const expected: Expected = { rp, purpose: 'sign-in', session: null, userVerified: true };
    const outcome = passkey
      ? await this.judged(passkey.userId, answer, expected, (tx) => work(tx, passkey.user))
      : { reason: 'unknown' as const };
    if ('result' in outcome) return outcome.result;
    await this.events.record(this.dataSource.manager, stranger, {
      name: 'session.refused',
      subject: { kind: 'user', id: passkey?.userId ?? null },
      details: {
        ...(passkey ? { username: passkey.user.username } : {}),
        method: 'passkey',
        reason: outcome.reason,
      },
    });
    throw new PasskeySignInFailed();
  }

  private async judged<Result>(
    userId: string,
    answer: AuthenticationResponseJSON,
    expected: Expected,
    work: (tx: EntityManager) => Promise<Result>,
  ): Promise<{ readonly result: Result } | { readonly reason: Reason }> {
    const attempt = { kind: 'passkey', userId } as const;
    return this.failures.inTurn(attempt, async () => {
      await this.failures.take(attempt, new Date());
      const proof = await this.judge(userId, answer, expected);
      if (typeof proof === 'string') return { reason: proof };
      return this.dataSource.transaction(async (tx) => {
        const reason = await this.take(tx, proof);
        if (reason !== null) return { reason };
        await this.failures.forgive(tx, attempt);
        return { result: await work(tx) };
      });
    });
  }

  private async judge(
    userId: string,
    answer: AuthenticationResponseJSON,
    { rp, purpose, session, userVerified }: Expected,
  ): Promise<Proof | Reason> {
    const clientData = clientDataOf(answer.response.clientDataJSON);
    const challenge = clientData?.challenge ?? '';
    if (!clientData || !(await this.challenges.use(challenge, purpose, session, new Date())))
      return 'challenge';
    if (this.isElsewhere(clientData.origin, rp)) return 'origin';
    const passkey = await this.find(answer.id);
    if (passkey?.userId !== userId) return 'unknown';
    // Section 7.2, step 6: without a session the handle has to be there, and where it is it has to be the owner's.
    const { userHandle } = answer.response;
    if (userHandle === undefined ? session === null : userHandle !== passkey.user.passkeyHandle)
      return 'handle';
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: answer,
        expectedChallenge: challenge,
        expectedOrigin: [...rp.origins],
        expectedRPID: rp.id,
        requireUserVerification: userVerified,
        credential: {
          id: passkey.credentialId,
          publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
          // Judged by the database, see `take`; the library's own check would not tell a copy from a wrong key.
          counter: 0,
        },
      });
      if (!verified) return 'signature';
      const { newCounter: counter, credentialBackedUp: backedUp } = authenticationInfo;
      return isCounterAhead(passkey.counter, counter) ? { passkey, counter, backedUp } : 'counter';
    } catch (cause) {
      // It throws at whatever a stranger's bytes are not; nothing of ours is read or written within.
      this.log.debug({ event: 'passkey.refused', err: cause });
      return 'signature';
    }
  }

  /** Says so in the log, too: a PUBLIC_URL or a proxy that is not set up right shows itself here first. */
  isElsewhere(origin: string, { origins }: RelyingParty): boolean {
    if (origins.includes(origin)) return false;
    this.log.warn({
      event: 'passkey.other-origin',
      origin: origin.slice(0, 255),
      expected: origins,
    });
    return true;
  }

  /** Takes the counter; why not, where another answer or a change of the account was faster. */
  private async take(
    tx: EntityManager,
    { passkey: { id, userId }, counter, backedUp }: Proof,
  ): Promise<Reason | null> {
    // Holds the user's row to the end: a reset or a disabling at this moment ends the session that begins here.
    const held = await tx.update(
      User,
      { id: userId, disabled: false, passkeys: MoreThan(0) },
      { disabled: false },
    );
    if (held.affected !== 1) return 'disabled';
    const { affected } = await tx
      .createQueryBuilder()
      .update(Passkey)
      .set({ counter, backedUp, lastUsedAt: new Date() })
      .where('id = :id AND user_id = :userId', { id, userId })
      .andWhere(counter === 0 ? 'counter = 0' : 'counter < :counter', { counter })
      .execute();
    return affected === 1 ? null : 'counter';
  }

  private async find(credentialId: string): Promise<OwnedPasskey | null> {
    const passkey = await this.dataSource.manager.findOne(Passkey, {
      where: { credentialId },
      relations: { user: true },
    });
    return passkey?.user ? { ...passkey, user: passkey.user } : null;
  }
}
