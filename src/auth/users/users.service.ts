import { Injectable } from '@nestjs/common';
import { DataSource, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../../database/errors.js';
import { Setting } from '../../database/setting.entity.js';
import { NotFound, ValidationFailed } from '../../errors/errors.js';
import { EventsService } from '../../events/events.service.js';
import type { Actor } from '../../http/actor.js';
import { pageOf } from '../../http/pages.js';
import type { Page, PageQuery } from '../../http/cursor.js';
import { newId, newPasskeyHandle } from '../../secrets/secrets.js';
import { Passkey } from '../accounts/passkey.entity.js';
import { RecoveryCode } from '../accounts/recovery-code.entity.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { Passwords } from './passwords.js';
import { User } from '../accounts/user.entity.js';
import { isUsername, usernameKeyOf, usernameMessage } from './username.policy.js';
import { userView } from './users.dto.js';
import type { ChangeUser, CreateUser, UserView } from './users.dto.js';
import { LastAdmin, UserExists } from './users.errors.js';

/** Taken by whoever could remove an admin, one after the other. */
const adminLock = 'admin-lock';

const isAdmin = ({ role, disabled }: Pick<User, 'role' | 'disabled'>): boolean =>
  role === 'admin' && !disabled;

/** People's accounts: for the API's admins, the operator's commands and the first set-up alike. */
@Injectable()
export class UsersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
  ) {}

  async list(query: PageQuery): Promise<Page<UserView>> {
    const rows = this.dataSource.createQueryBuilder(User, 'user');
    return pageOf(rows, query, userView);
  }

  async findByUsername(username: string): Promise<UserView | null> {
    if (!isUsername(username)) return null;
    const user = await this.dataSource.manager.findOneBy(User, {
      usernameKey: usernameKeyOf(username),
    });
    return user && userView(user);
  }

  /** @throws ValidationFailed (name, password), UserExists */
  async create(input: CreateUser, actor: Actor): Promise<UserView> {
    const user = await this.prepare(input);
    await this.dataSource.transaction((tx) => this.insert(tx, user, actor));
    return userView(user);
  }

  /** Checks the input and hashes the password: the slow part, before any transaction. @throws ValidationFailed */
  async prepare({ username, password, role }: CreateUser): Promise<User> {
    if (!isUsername(username))
      throw new ValidationFailed([{ field: 'username', message: usernameMessage }]);
    await this.passwords.check(password, username, 'password');
    return {
      id: newId(),
      username,
      usernameKey: usernameKeyOf(username),
      passwordHash: await this.passwords.hash(password),
      role,
      disabled: false,
      totpSecret: null,
      totpPending: null,
      totpLastStep: null,
      passkeyHandle: newPasskeyHandle(),
      passkeys: 0,
      createdAt: new Date(),
    };
  }

  /** Inserts a prepared user. @throws UserExists, which rolls the transaction back */
  async insert(tx: EntityManager, user: User, actor: Actor): Promise<void> {
    try {
      await tx.insert(User, user);
    } catch (cause) {
      throw isUniqueViolation(cause) ? new UserExists() : cause;
    }
    await this.events.record(tx, actor, {
      name: 'user.created',
      subject: { kind: 'user', id: user.id },
      details: { username: user.username, role: user.role },
    });
  }

  /**
   * Acts on the user's next request: sessions carry no role, and those of a disabled user end.
   * @throws NotFound, LastAdmin
   */
  async change(id: string, { role, disabled }: ChangeUser, actor: Actor): Promise<UserView> {
    return this.dataSource.transaction(async (tx) => {
      await this.lockAdmins(tx);
      const user = await this.find(tx, id);
      const changed = { ...user, role: role ?? user.role, disabled: disabled ?? user.disabled };
      if (!isAdmin(changed)) await this.refuseLastAdmin(tx, user);
      await tx.update(User, { id }, { role: changed.role, disabled: changed.disabled });
      if (changed.disabled) await this.sessions.endAllOf(tx, id);
      await this.events.record(tx, actor, {
        name: 'user.changed',
        subject: { kind: 'user', id },
        details: { username: user.username, role: changed.role, disabled: changed.disabled },
      });
      return userView(changed);
    });
  }

  /** Sessions, recovery codes and download links go with the row; tickets keep the name. @throws NotFound, LastAdmin */
  async remove(id: string, actor: Actor): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await this.lockAdmins(tx);
      const user = await this.find(tx, id);
      await this.refuseLastAdmin(tx, user);
      await tx.delete(User, { id });
      await this.events.record(tx, actor, {
        name: 'user.deleted',
        subject: { kind: 'user', id },
        details: { username: user.username },
      });
    });
  }

  /** Removes TOTP, passkeys and recovery codes, and ends the user's sessions. @throws NotFound */
  async resetSecondFactor(id: string, actor: Actor): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const none = { totpSecret: null, totpPending: null, totpLastStep: null, passkeys: 0 };
      const { affected } = await tx.update(User, { id }, none);
      if (affected !== 1) throw new NotFound('user');
      await tx.delete(Passkey, { userId: id });
      await tx.delete(RecoveryCode, { userId: id });
      await this.sessions.endAllOf(tx, id);
      const user = await this.find(tx, id);
      await this.events.record(tx, actor, {
        name: 'user.second_factor_reset',
        subject: { kind: 'user', id },
        details: { username: user.username },
      });
    });
  }

  /** Sets a password without asking for the old one, and ends the user's sessions. @throws NotFound, ValidationFailed */
  async setPassword(id: string, password: string, actor: Actor): Promise<void> {
    const user = await this.find(this.dataSource.manager, id);
    await this.passwords.check(password, user.username, 'password');
    const passwordHash = await this.passwords.hash(password);
    await this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.update(User, { id }, { passwordHash });
      if (affected !== 1) throw new NotFound('user');
      await this.sessions.endAllOf(tx, id);
      await this.events.record(tx, actor, {
        name: 'user.password_set',
        subject: { kind: 'user', id },
        details: { username: user.username },
      });
    });
  }

  /** @throws NotFound */
  private async find(manager: EntityManager, id: string): Promise<User> {
    const user = await manager.findOneBy(User, { id });
    if (!user) throw new NotFound('user');
    return user;
  }

  /** @throws LastAdmin where without this user no enabled admin is left */
  private async refuseLastAdmin(tx: EntityManager, user: User): Promise<void> {
    if (!isAdmin(user)) return;
    const others = await tx.countBy(User, { role: 'admin', disabled: false, id: Not(user.id) });
    if (others === 0) throw new LastAdmin();
  }

  /**
   * Makes this transaction wait for any other that could remove an admin. Trap: under PostgreSQL's READ COMMITTED a
   * condition "another admin exists" does not do: two admins who demote each other change different rows, and each
   * still sees the other's. One row that both must write lets the second begin to look only when the first is done.
   */
  private async lockAdmins(tx: EntityManager): Promise<void> {
    await tx
      .createQueryBuilder()
      .insert()
      .into(Setting)
      .values({ name: adminLock, value: '' })
      .orIgnore()
      .execute();
    await tx.update(Setting, { name: adminLock }, { value: '' });
  }
}
