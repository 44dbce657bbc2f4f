import { Injectable, Logger } from '@nestjs/common';
import { DataSource, In, LessThan, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Config } from '../../config/config.js';
import { Statement, entityIn } from '../../database/statement.js';
import { NotFound } from '../../errors/errors.js';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { Person } from '../../http/allow.js';
import { currentRequest } from '../../http/request-context.js';
import { Every, minuteMs } from '../../jobs/decorators.js';
import { newSessionId, sha256 } from '../../secrets/secrets.js';
import { methodsOf } from '../accounts/methods.policy.js';
import { User } from '../accounts/user.entity.js';
import { FailuresService } from '../../throttling/failures.service.js';
import { Session } from './session.entity.js';
import type { Browser } from './session.cookie.js';
import { isAlive, seenEveryMs } from './session.policy.js';
import type { SessionLimits } from './session.policy.js';
import { ownSessionView } from './sessions.dto.js';
import type { OwnSessionsView } from './sessions.dto.js';
import { SessionExpired } from './sessions.errors.js';

const sessionByHash = new Statement<{ hash: string }>((manager) =>
  manager
    .createQueryBuilder(Session, 'session')
    .innerJoinAndSelect('session.user', 'user')
    .where('session.hash = :hash'),
);

/** Ids are 256 random bits, known to the browser alone; the database holds their SHA-256. */
@Injectable()
export class SessionsService {
  private readonly log = new Logger('Sessions');

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
    private readonly failures: FailuresService,
    private readonly config: Config,
  ) {}

  private get limits(): SessionLimits {
    return { idle: this.config.SESSION_IDLE, lifetime: this.config.SESSION_LIFETIME };
  }

  /**
   * Whose session this is, as the user stands now: a change of role or disabling acts at once.
   * @param isSignOfLife whether the person asks, and not a page that stands open
   * @throws SessionExpired
   */
  async prove(id: string, now: Date, isSignOfLife = true): Promise<Person> {
    const { manager } = this.dataSource;
    const [row] = await sessionByHash.rows(manager, { hash: sha256(id) });
    if (!row) throw new SessionExpired();
    const session = entityIn(manager, Session, 'session', row);
    const user = entityIn(manager, User, 'user', row);
    if (user.disabled || !isAlive(session, this.limits, now)) throw new SessionExpired();
    if (isSignOfLife) await this.markSeen(session, now);
    const methods = methodsOf(user);
    return {
      kind: 'person',
      userId: user.id,
      username: user.username,
      role: user.role,
      aal: session.aal,
      session: session.hash,
      hasSecondFactor: methods.length > 0,
      methods,
    };
  }

  /**
   * Those of these sessions, named by their hashes, that still stand with the second factor proved. Asking is no sign
   * of life.
   */
  async standing(hashes: readonly string[], now: Date): Promise<ReadonlySet<string>> {
    const rows = await this.dataSource.manager.find(Session, {
      where: { hash: In([...hashes]), aal: 2, user: { disabled: false } },
    });
    return new Set(
      rows.filter((session) => isAlive(session, this.limits, now)).map(({ hash }) => hash),
    );
  }

  /** A request is not refused because this could not be written: a full disk must not lock people out. */
  private async markSeen({ hash, seenAt }: Session, now: Date): Promise<void> {
    const before = new Date(now.getTime() - seenEveryMs(this.limits));
    if (seenAt > before) return;
    await this.dataSource.manager
      .update(Session, { hash, seenAt: LessThan(now) }, { seenAt: now })
      .catch((cause: unknown) => this.log.warn({ event: 'session.seen-not-written', err: cause }));
  }

  /**
   * Begins a session and returns its id, for the cookie alone. The one that the browser had until now ends
   * (ASVS 7.2.4).
   */
  async begin(
    tx: EntityManager,
    user: Pick<User, 'id'>,
    { agent, replaces }: Browser,
    aal: 1 | 2,
  ): Promise<string> {
    if (replaces !== null) await tx.delete(Session, { hash: sha256(replaces) });
    const now = new Date();
    return this.insert(tx, { userId: user.id, aal, agent, beganAt: now });
  }

  /**
   * Gives the session a new id, at this level; the old id is dead (ASVS 7.2.4). Its lifetime goes on.
   * @throws SessionExpired where the session ended meanwhile
   */
  async renew(tx: EntityManager, person: Person, aal: 1 | 2): Promise<string> {
    const hash = person.session;
    const old = await tx.findOneBy(Session, { hash });
    // The deleted row decides: two renewals at once, or a logout in between, leave one session or none.
    const { affected } = await tx.delete(Session, { hash });
    if (!old || affected !== 1) throw new SessionExpired();
    return this.insert(tx, { userId: old.userId, aal, agent: old.agent, beganAt: old.beganAt });
  }

  private async insert(
    tx: EntityManager,
    session: Pick<Session, 'userId' | 'aal' | 'agent' | 'beganAt'>,
  ): Promise<string> {
    const id = newSessionId();
    await tx.insert(Session, {
      ...session,
      agent: session.agent.slice(0, 255),
      hash: sha256(id),
      address: (currentRequest()?.address ?? '').slice(0, 64),
      seenAt: new Date(),
    });
    return id;
  }

  /** Ends the user's sessions, all but the one named by its hash. */
  async endAllOf(tx: EntityManager, userId: string, except?: string): Promise<void> {
    await tx.delete(Session, { userId, ...(except === undefined ? {} : { hash: Not(except) }) });
  }

  async listOwn(person: Person): Promise<OwnSessionsView> {
    const now = new Date();
    const rows = await this.dataSource.manager.find(Session, {
      where: { userId: person.userId },
      order: { seenAt: 'DESC', hash: 'ASC' },
      take: 200,
    });
    const alive = rows.filter((session) => isAlive(session, this.limits, now));
    return { items: alive.map((session) => ownSessionView(session, person.session)) };
  }

  /** @throws NotFound where the person has no such session */
  async endOwn(person: Person, hash: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const { affected } = await tx.delete(Session, { hash, userId: person.userId });
      if (affected !== 1) throw new NotFound('session');
      await this.events.record(tx, actorOf(person), {
        name: 'session.ended',
        subject: { kind: 'user', id: person.userId },
        details: { own: hash === person.session },
      });
    });
  }

  /**
   * For the periodic job: drops what no request can use any more, sessions and counts of failures.
   * @returns how many sessions went
   */
  @Every(10 * minuteMs)
  async removeExpired(now: Date): Promise<number> {
    const { idle, lifetime } = this.limits;
    await this.failures.removeOld(now);
    const { affected } = await this.dataSource
      .createQueryBuilder()
      .delete()
      .from(Session)
      .where('seen_at <= :idle OR began_at <= :old', {
        idle: now.getTime() - idle * 1000,
        old: now.getTime() - lifetime * 1000,
      })
      .execute();
    return affected ?? 0;
  }
}
