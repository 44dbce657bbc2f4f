import { Injectable, Logger } from '@nestjs/common';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../../database/errors.js';
import { NotFound, ValidationFailed } from '../../errors/errors.js';
import type { WithoutSubject } from '../../events/events.js';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { RelyingParty } from '../../http/addresses.js';
import type { Person } from '../../http/allow.js';
import { newId } from '../../secrets/secrets.js';
import { SecondFactorRequired } from '../access.errors.js';
import type { SignedIn } from '../login/login.service.js';
import { ProveAgain } from '../second-factor/prove-again.service.js';
import { RecoveryCodes } from '../second-factor/recovery-codes.js';
import type { Proof } from '../second-factor/second-factor.dto.js';
import type { Browser } from '../sessions/session.cookie.js';
import { sessionView } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { methodsOf } from '../accounts/methods.policy.js';
import { User } from '../accounts/user.entity.js';
import { PasskeyChallenges } from '../passkey-proofs/passkey-challenges.service.js';
import { creationOptions } from '../passkey-proofs/passkey-options.dto.js';
import type { PasskeyCreationOptions } from '../passkey-proofs/passkey-options.dto.js';
import { PasskeyProofs } from '../passkey-proofs/passkey-proofs.service.js';
import { Passkey } from '../accounts/passkey.entity.js';
import {
  algorithms,
  clientDataOf,
  longestPublicKeyBytes,
  mostPasskeys,
  withoutStatement,
} from '../passkey-proofs/passkey.policy.js';
import { passkeyView } from './passkeys.dto.js';
import type { OwnPasskeysView, PasskeyView, RegisterPasskey } from './passkeys.dto.js';
import { LastSecondFactor, PasskeyInvalid } from '../passkey-proofs/passkeys.errors.js';

type Made = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'backedUp' | 'transports'>;

/** What people do about their own passkeys. */
type OwnEvent =
  | 'second_factor.enrolled'
  | 'second_factor.refused'
  | 'passkey.renamed'
  | 'passkey.removed'
  | 'session.raised';

export interface Registered {
  /** The session's new id, for the cookie alone. */
  readonly id: string;
  readonly passkey: PasskeyView;
  /** Null where the account has some left. */
  readonly recoveryCodes: readonly string[] | null;
}

/** A person's passkeys: as second factor beside the password, and to sign in by alone. */
@Injectable()
export class PasskeysService {
  private readonly log = new Logger('Passkeys');

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
    private readonly sessions: SessionsService,
    private readonly proofs: PasskeyProofs,
    private readonly challenges: PasskeyChallenges,
    private readonly proveAgain: ProveAgain,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  async list({ userId }: Person): Promise<OwnPasskeysView> {
    const items = await this.dataSource.manager.find(Passkey, {
      where: { userId },
      order: { id: 'DESC' },
    });
    return { items: items.map(passkeyView) };
  }

  /**
   * Begins to add a passkey: as the first factor at AAL1, later at AAL2 with another proof.
   * @throws SecondFactorRequired, ValidationFailed, CodeInvalid, PasskeyInvalid, RateLimited
   */
  async begin(person: Person, proof: Proof, rp: RelyingParty): Promise<PasskeyCreationOptions> {
    const { manager } = this.dataSource;
    const user = await manager.findOneByOrFail(User, { id: person.userId });
    // Before the proof, which uses a code up.
    if (person.aal === 2 && user.passkeys >= mostPasskeys) throw tooMany();
    if (person.hasSecondFactor) await this.proveAgain.prove(person, proof, rp);
    const known = await manager.findBy(Passkey, { userId: person.userId });
    const challenge = await this.challenges.issue('register', person.session, new Date());
    return creationOptions(rp, user, known, challenge);
  }

  /**
   * Adds the passkey: the session is at AAL2 under a new id, all others end.
   * @throws SecondFactorRequired, PasskeyInvalid, ValidationFailed, SessionExpired
   */
  async finish(
    person: Person,
    { name, response }: RegisterPasskey,
    rp: RelyingParty,
  ): Promise<Registered> {
    if (person.hasSecondFactor && person.aal !== 2) throw new SecondFactorRequired();
    const made = await this.made(person, response, rp);
    const { manager } = this.dataSource;
    const codes =
      (await this.recoveryCodes.left(manager, person.userId)) === 0
        ? await this.recoveryCodes.make()
        : null;
    const passkey: Passkey = {
      ...made,
      id: newId(),
      userId: person.userId,
      name,
      createdAt: new Date(),
      lastUsedAt: null,
    };
    const id = await this.dataSource.transaction(async (tx) => {
      await this.count(tx, person);
      await this.insert(tx, passkey);
      if (codes) await this.recoveryCodes.replace(tx, person.userId, codes);
      await this.sessions.endAllOf(tx, person.userId, person.session);
      const again = person.hasSecondFactor;
      const details = { method: 'passkey', name, again } as const;
      await this.record(tx, person, { name: 'second_factor.enrolled', details });
      return this.raise(tx, person);
    });
    return { id, passkey: passkeyView(passkey), recoveryCodes: codes?.shown ?? null };
  }

  /** What the authenticator made. Its statement is not looked at: any maker's will do. @throws PasskeyInvalid */
  private async made(
    person: Person,
    response: RegisterPasskey['response'],
    rp: RelyingParty,
  ): Promise<Made> {
    const { clientDataJSON, attestationObject, transports = [] } = response.response;
    const clientData = clientDataOf(clientDataJSON);
    const { challenge } = clientData ?? { challenge: '' };
    if (
      !clientData ||
      !(await this.challenges.use(challenge, 'register', person.session, new Date())) ||
      this.proofs.isElsewhere(clientData.origin, rp)
    )
      return this.refuse(person);
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const verified = await (async () => {
      const attestation = {
        clientDataJSON,
        attestationObject: await withoutStatement(attestationObject),
      };
      return verifyRegistrationResponse({
        response: { ...response, response: attestation },
        expectedChallenge: challenge,
        expectedOrigin: [...rp.origins],
        expectedRPID: rp.id,
        requireUserVerification: false,
        supportedAlgorithmIDs: algorithms,
      });
    })().catch((cause: unknown) => {
      // It throws at whatever a stranger's bytes are not; nothing of ours is read or written within.
      this.log.debug({ event: 'passkey.refused', err: cause });
      return { verified: false as const, registrationInfo: undefined };
    });
    const info = verified.registrationInfo;
    const isGood =
      info?.credential.id === response.id &&
      info.credential.publicKey.length <= longestPublicKeyBytes;
    if (!info || !isGood) return this.refuse(person);
    return {
      credentialId: info.credential.id,
      publicKey: Buffer.from(info.credential.publicKey).toString('base64url'),
      counter: info.credential.counter,
      backedUp: info.credentialBackedUp,
      transports: transports.join(' '),
    };
  }

  /** Counts one more. The condition keeps a session that proved no factor from joining one enrolled meanwhile. */
  private async count(tx: EntityManager, person: Person): Promise<void> {
    const first = person.hasSecondFactor ? '' : ' AND totp_secret IS NULL AND passkeys = 0';
    const { affected } = await tx
      .createQueryBuilder()
      .update(User)
      .set({ passkeys: () => 'passkeys + 1', ...(first ? { totpPending: null } : {}) })
      .where(`id = :id AND passkeys < :most${first}`, { id: person.userId, most: mostPasskeys })
      .execute();
    if (affected !== 1) throw first ? new SecondFactorRequired() : tooMany();
  }

  /** @throws PasskeyInvalid where the authenticator's name for it is taken, by whomever (WebAuthn 7.1, step 26) */
  private async insert(tx: EntityManager, passkey: Passkey): Promise<void> {
    try {
      await tx.insert(Passkey, passkey);
    } catch (cause) {
      throw isUniqueViolation(cause) ? new PasskeyInvalid() : cause;
    }
  }

  /** @throws NotFound */
  async rename(person: Person, id: string, name: string): Promise<PasskeyView> {
    return this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.update(Passkey, { id, userId: person.userId }, { name });
      if (affected !== 1) throw new NotFound('passkey');
      await this.record(tx, person, { name: 'passkey.renamed', details: { name } });
      return passkeyView(await tx.findOneByOrFail(Passkey, { id }));
    });
  }

  /**
   * Removes it after another proof, and ends all other sessions: one of them may be what it was removed for. The last
   * factor stays: without one, whoever knows the password could enrol his own.
   * @throws NotFound, LastSecondFactor, ValidationFailed, CodeInvalid, PasskeyInvalid, RateLimited
   */
  async remove(person: Person, id: string, proof: Proof, rp: RelyingParty): Promise<void> {
    const { userId } = person;
    const { manager } = this.dataSource;
    // Before the proof, which uses a code up; the transaction below decides.
    if (!(await manager.existsBy(Passkey, { id, userId }))) throw new NotFound('passkey');
    const user = await manager.findOneByOrFail(User, { id: userId });
    if (user.totpSecret === null && user.passkeys < 2) throw new LastSecondFactor();
    await this.proveAgain.prove(person, proof, rp);
    await this.dataSource.transaction(async (tx) => {
      const counted = await tx
        .createQueryBuilder()
        .update(User)
        .set({ passkeys: () => 'passkeys - 1' })
        .where('id = :userId AND (passkeys > 1 OR totp_secret IS NOT NULL)', { userId })
        .execute();
      const passkey = await tx.findOneBy(Passkey, { id, userId });
      if (!passkey) throw new NotFound('passkey');
      if (counted.affected !== 1) throw new LastSecondFactor();
      await tx.delete(Passkey, { id, userId });
      await this.sessions.endAllOf(tx, userId, person.session);
      await this.record(tx, person, { name: 'passkey.removed', details: { name: passkey.name } });
    });
  }

  /** Raises the session to AAL2, under a new id. @throws PasskeyInvalid, RateLimited, SessionExpired */
  async verify(
    person: Person,
    response: AuthenticationResponseJSON,
    rp: RelyingParty,
  ): Promise<SignedIn> {
    const id = await this.proofs.prove(person, response, rp, (tx) => this.raise(tx, person));
    return { id, view: sessionView({ ...person, aal: 2 }) };
  }

  /** Begins a session at AAL2 for whoever the passkey says. @throws PasskeySignInFailed, RateLimited */
  async signIn(
    response: AuthenticationResponseJSON,
    rp: RelyingParty,
    browser: Browser,
  ): Promise<SignedIn> {
    return this.proofs.signIn(response, rp, async (tx, user) => {
      const id = await this.sessions.begin(tx, user, browser, 2);
      await this.events.record(
        tx,
        { kind: 'person', id: user.id, name: user.username },
        {
          name: 'session.began',
          subject: { kind: 'user', id: user.id },
          details: { method: 'passkey' },
        },
      );
      const { id: userId, username, role } = user;
      const methods = methodsOf(user);
      const view = { userId, username, role, aal: 2, hasSecondFactor: true, methods } as const;
      return { id, view: sessionView(view) };
    });
  }

  private async raise(tx: EntityManager, person: Person): Promise<string> {
    const id = await this.sessions.renew(tx, person, 2);
    await this.record(tx, person, { name: 'session.raised', details: { method: 'passkey' } });
    return id;
  }

  /** @throws PasskeyInvalid, once it is on record */
  private async refuse(person: Person): Promise<never> {
    const details = { method: 'passkey', reason: 'registration' } as const;
    await this.record(this.dataSource.manager, person, { name: 'second_factor.refused', details });
    throw new PasskeyInvalid();
  }

  private record(
    manager: EntityManager,
    person: Person,
    event: WithoutSubject<OwnEvent>,
  ): Promise<void> {
    const subject = { kind: 'user', id: person.userId } as const;
    return this.events.record(manager, actorOf(person), { ...event, subject });
  }
}

const tooMany = (): ValidationFailed =>
  new ValidationFailed([], `Remove a passkey first: an account has ${mostPasskeys} at most.`);
