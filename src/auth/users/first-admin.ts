import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Config } from '../../config/config.js';
import { Setting } from '../../database/setting.entity.js';
import { ValidationFailed } from '../../errors/errors.js';
import { systemActor } from '../../http/actor.js';
import { Keyring, isSame, isSecret, newChallenge, secretLength } from '../../secrets/secrets.js';
import { User } from '../accounts/user.entity.js';
import { FirstAdminRefused, SetupTokenUnknown, UserExists } from './users.errors.js';
import { UsersService } from './users.service.js';

/** Holds, while there is no user, what the one-time set-up secret is made of, together with SECRET_KEY. */
const setupToken = 'setup-token';

/** How an installation without users gets its first admin: from the environment, or by a one-time link in the log. */
@Injectable()
export class FirstAdmin {
  private readonly log = new Logger('FirstAdmin');

  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly config: Config,
    private readonly keyring: Keyring,
  ) {}

  /**
   * Before the service listens. @throws FirstAdminRefused where ADMIN_USERNAME and ADMIN_PASSWORD make no user
   */
  async createFromEnvironment(): Promise<void> {
    const { ADMIN_USERNAME, ADMIN_PASSWORD } = this.config;
    if (ADMIN_USERNAME === undefined || ADMIN_PASSWORD === undefined) return;
    if (!(await this.hasUsers())) await this.create(ADMIN_USERNAME, ADMIN_PASSWORD);
  }

  /**
   * Every start without users shows the link, and each replica the same one: whichever log is looked at, it works. The
   * database alone does not give it away.
   * @param baseUrl where people reach the service, without a slash at its end
   */
  async inviteIfNeeded(baseUrl: string): Promise<void> {
    if (await this.hasUsers()) await this.dataSource.manager.delete(Setting, { name: setupToken });
    else await this.invite(baseUrl);
  }

  private hasUsers(): Promise<boolean> {
    return this.dataSource.manager.existsBy(User, {});
  }

  private async create(username: string, password: string): Promise<void> {
    try {
      await this.users.create({ username, password, role: 'admin' }, systemActor);
      this.log.log({ event: 'setup.admin-created', username });
    } catch (cause) {
      // Another replica, started at the same moment with the same environment, was faster.
      if (cause instanceof UserExists) return;
      if (!(cause instanceof ValidationFailed)) throw cause;
      throw new FirstAdminRefused(cause.fields.map(({ message }) => message).join('; '));
    }
  }

  private async invite(baseUrl: string): Promise<void> {
    const { manager } = this.dataSource;
    await manager
      .createQueryBuilder()
      .insert()
      .into(Setting)
      .values({ name: setupToken, value: newChallenge() })
      .orIgnore()
      .execute();
    const kept = await manager.findOneBy(Setting, { name: setupToken });
    // Used at another replica at this very moment.
    if (!kept) return;
    this.log.log({
      event: 'setup.link',
      message: 'There is no user yet: open this link once to make the first admin',
      link: `${baseUrl}/setup#${this.secretOf(kept.value)}`,
    });
  }

  /** As long as every other secret. */
  private secretOf(value: string): string {
    return `lcs_${this.keyring.sign('setup-link', value).slice(0, secretLength)}`;
  }

  /** Whether the link is good, before anything is hashed for it. @throws SetupTokenUnknown */
  async check(token: unknown): Promise<string> {
    if (!isSecret('lcs_', token)) throw new SetupTokenUnknown();
    const kept = await this.dataSource.manager.findOneBy(Setting, { name: setupToken });
    if (!kept || !isSame(this.secretOf(kept.value), token)) throw new SetupTokenUnknown();
    return kept.value;
  }

  /** Uses the link up; of several requests and replicas one gets through. @throws SetupTokenUnknown */
  async use(tx: EntityManager, value: string): Promise<void> {
    const { affected } = await tx.delete(Setting, { name: setupToken, value });
    // A user made by a command meanwhile ends the set-up as well.
    if (affected !== 1 || (await tx.existsBy(User, {}))) throw new SetupTokenUnknown();
  }
}
