import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ValidationFailed } from '../../errors/errors.js';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { Actor } from '../../http/actor.js';
import type { Person } from '../../http/allow.js';
import { FailuresService } from '../../throttling/failures.service.js';
import type { Browser } from '../sessions/session.cookie.js';
import { sessionView } from '../sessions/sessions.dto.js';
import type { SessionView } from '../sessions/sessions.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { FirstAdmin } from '../users/first-admin.js';
import { methodsOf } from '../accounts/methods.policy.js';
import { Passwords } from '../users/passwords.js';
import { User } from '../accounts/user.entity.js';
import { usernameKeyOf } from '../users/username.policy.js';
import { UsersService } from '../users/users.service.js';
import type { ChangePassword, SetupInput } from './login.dto.js';
import { LoginFailed } from './login.errors.js';

/** A session that began or has a new id; the id goes into the cookie and nowhere else. */
export interface SignedIn {
  readonly id: string;
  readonly view: SessionView;
}

/** Who gave the right name and password; see LoginService.check. */
export type ProvedUser = Readonly<User>;

const stranger: Actor = { kind: 'stranger', id: null, name: 'stranger' };
const nameOf = ({ id, username }: ProvedUser): Actor => ({ kind: 'person', id, name: username });

/** Signing in by password, the first set-up, and changing one's password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
    private readonly users: UsersService,
    private readonly firstAdmin: FirstAdmin,
    private readonly passwords: Passwords,
    private readonly sessions: SessionsService,
    private readonly failures: FailuresService,
  ) {}

  /**
   * The user with this name and password. An unknown name, a wrong password and a disabled account take the same
   * steps and give the same answer.
   * @throws LoginFailed; RateLimited before anything is computed, while the name's wait lasts
   */
  async check(username: string, password: string): Promise<ProvedUser> {
    const usernameKey = usernameKeyOf(username);
    const attempt = { kind: 'password', usernameKey } as const;
    return this.failures.inTurn(attempt, async () => {
      await this.failures.take(attempt, new Date());
      const user = await this.dataSource.manager.findOneBy(User, { usernameKey });
      const isRight = await this.passwords.isRight(user?.passwordHash ?? null, password);
      if (user && isRight && !user.disabled) {
        await this.failures.forgive(this.dataSource.manager, attempt);
        return user;
      }
      await this.events.record(this.dataSource.manager, stranger, {
        name: 'session.refused',
        // Never what was typed: people type their password where the name belongs.
        subject: { kind: 'user', id: user?.id ?? null },
        details: user ? { username: user.username } : {},
      });
      throw new LoginFailed();
    });
  }

  /** Begins a session at AAL1 for a user that `check` gave. @throws LoginFailed */
  async begin(user: ProvedUser, browser: Browser): Promise<SignedIn> {
    return this.dataSource.transaction(async (tx) => {
      // Writes nothing new: it makes sure, and keeps so until the end, that nobody disabled the user or set another
      // password since it was checked; a session that began after that would not be ended by it.
      const { affected } = await tx
        .createQueryBuilder()
        .update(User)
        .set({ disabled: false })
        .where('id = :id AND password_hash = :hash AND disabled = :disabled', {
          id: user.id,
          hash: user.passwordHash,
          disabled: false,
        })
        .execute();
      if (affected !== 1) throw new LoginFailed();
      return this.enter(tx, user, browser);
    });
  }

  private async enter(tx: EntityManager, user: ProvedUser, browser: Browser): Promise<SignedIn> {
    const id = await this.sessions.begin(tx, user, browser, 1);
    await this.events.record(tx, nameOf(user), {
      name: 'session.began',
      subject: { kind: 'user', id: user.id },
    });
    const { id: userId, username, role } = user;
    const methods = methodsOf(user);
    const hasSecondFactor = methods.length > 0;
    return { id, view: sessionView({ userId, username, role, aal: 1, hasSecondFactor, methods }) };
  }

  /** Makes the first admin, once. @throws SetupTokenUnknown, ValidationFailed */
  async setUp({ token, username, password }: SetupInput, browser: Browser): Promise<SignedIn> {
    const link = await this.firstAdmin.check(token);
    const user = await this.users.prepare({ username, password, role: 'admin' });
    return this.dataSource.transaction(async (tx) => {
      await this.firstAdmin.use(tx, link);
      await this.users.insert(tx, user, nameOf(user));
      return this.enter(tx, user, browser);
    });
  }

  /**
   * Changes the caller's own password; ends all other sessions and gives this one a new id.
   * @throws ValidationFailed, RateLimited, SessionExpired
   */
  async changePassword(person: Person, { current, next }: ChangePassword): Promise<SignedIn> {
    const user = await this.provePassword(person, current, 'current');
    await this.passwords.check(next, user.username, 'next');
    const passwordHash = await this.passwords.hash(next);
    return this.dataSource.transaction(async (tx) => {
      // The old hash is the condition: of two changes at once the second has proved a password that is no more.
      const { affected } = await tx.update(
        User,
        { id: user.id, passwordHash: user.passwordHash },
        { passwordHash },
      );
      if (affected !== 1) throw wrongPassword('current');
      await this.sessions.endAllOf(tx, user.id, person.session);
      const id = await this.sessions.renew(tx, person, person.aal);
      await this.events.record(tx, actorOf(person), {
        name: 'user.password_set',
        subject: { kind: 'user', id: user.id },
        details: { username: user.username },
      });
      return { id, view: sessionView(person) };
    });
  }

  /**
   * Has a signed-in person give the password once more.
   * @param field where a wrong one is reported
   * @throws ValidationFailed, RateLimited
   */
  async provePassword(person: Person, password: string, field: string): Promise<User> {
    const user = await this.dataSource.manager.findOneByOrFail(User, { id: person.userId });
    const attempt = { kind: 'password', usernameKey: user.usernameKey } as const;
    return this.failures.inTurn(attempt, async () => {
      await this.failures.take(attempt, new Date());
      if (await this.passwords.isRight(user.passwordHash, password)) {
        await this.failures.forgive(this.dataSource.manager, attempt);
        return user;
      }
      await this.events.record(this.dataSource.manager, actorOf(person), {
        name: 'session.refused',
        subject: { kind: 'user', id: user.id },
        details: { username: user.username },
      });
      throw wrongPassword(field);
    });
  }
}

/** Not 401: the session is good, and a client that is told otherwise would sign its user out. */
const wrongPassword = (field: string): ValidationFailed =>
  new ValidationFailed([{ field, message: `${field} is not your password; type it once more` }]);
