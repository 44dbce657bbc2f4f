import { Injectable, Logger } from '@nestjs/common';
import { DataSource, In, LessThanOrEqual, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Config } from '../../config/config.js';
import { statusOf } from '../../errors/catalogue.js';
import { DomainError } from '../../errors/domain-error.js';
import { RateLimited } from '../../errors/errors.js';
import { addressGroup } from '../../http/rate-limit.js';
import { Keyring } from '../../secrets/secrets.js';
import { SourceWindow } from './source-window.entity.js';
import { TryWindows } from './try-windows.js';
import type { UnsavedTries } from './try-windows.js';

/** A credential that is missing guesses nothing. */
const isWrong = (cause: unknown): boolean =>
  cause instanceof DomainError &&
  statusOf(cause.code) === 401 &&
  cause.code !== 'credentials-missing';

/** Small enough that nobody waits long for the transaction. */
const batchSize = 200;

/**
 * Counts what each address tries, a minute long: wrong tokens, keys and cookies, and requests to routes that take a
 * password or a code. It counts in memory, so that no guess costs a write and a wrong token takes no longer than another
 * one, and saves what was counted each second: a restart forgets a second at most, and replicas learn of each other.
 */
@Injectable()
export class SourcesService {
  private readonly log = new Logger(SourcesService.name);
  private readonly windows = new TryWindows();
  private readonly nameOf: (text: string) => string;
  private isFailing = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
    keyring: Keyring,
  ) {
    this.nameOf = keyring.macs('source');
  }

  /**
   * Proves a token, a key or a cookie. Beyond a tenth of API_RATE wrong ones in a minute an address learns nothing more
   * of those. A right one always passes: it has some 190 bits, nobody came by it by guessing, and one stale collector
   * must not shut out all who share its address.
   * @throws RateLimited, or what `work` throws
   */
  async prove<Proved>(address: string, work: () => Promise<Proved>): Promise<Proved> {
    try {
      return await work();
    } catch (cause) {
      if (isWrong(cause)) {
        const [subject, now] = [this.nameOf(`wrong ${addressGroup(address)}`), new Date()];
        this.refuseBeyond(Math.max(10, Math.floor(this.config.API_RATE / 10)), subject, now);
        this.windows.count(subject, now);
      }
      throw cause;
    }
  }

  /** One more request to a route that takes a password or a code. @throws RateLimited beyond LOGIN_RATE */
  takeTry(route: string, address: string): void {
    const subject = this.nameOf(`${route} ${addressGroup(address)}`);
    const now = new Date();
    this.refuseBeyond(this.config.LOGIN_RATE, subject, now);
    this.windows.count(subject, now);
  }

  private refuseBeyond(limit: number, subject: string, now: Date): void {
    const waitMs = this.windows.waitMs(subject, limit, now);
    if (waitMs > 0) throw new RateLimited(Math.ceil(waitMs / 1000));
  }

  /** Before the first request: what was counted before this start. */
  async load(): Promise<void> {
    const running = { endsAt: MoreThan(new Date()) };
    for (const window of await this.dataSource.manager.findBy(SourceWindow, running))
      this.windows.saved(window);
  }

  /** Saves what was counted. What cannot be saved now is saved later: it fails no one. */
  async save(): Promise<void> {
    try {
      const all = this.windows.unsaved(new Date());
      for (let at = 0; at < all.length; at += batchSize)
        await this.saveSome(all.slice(at, at + batchSize));
      this.isFailing = false;
    } catch (cause) {
      // Once, and not each second.
      if (!this.isFailing) this.log.warn({ event: 'sources.not-saved', err: cause });
      this.isFailing = true;
    }
  }

  private async saveSome(some: readonly UnsavedTries[]): Promise<void> {
    const added = new Map(some.map(({ subject, tries }) => [subject, tries]));
    const saved = await this.dataSource.transaction(async (tx) => {
      for (const one of some) await this.add(tx, one);
      return tx.findBy(SourceWindow, { subject: In([...added.keys()]) });
    });
    for (const window of saved) this.windows.saved(window, added.get(window.subject));
  }

  /** To a window that runs, whoever began it; one that is over begins anew. */
  private async add(tx: EntityManager, { subject, tries, endsAt }: UnsavedTries): Promise<void> {
    await tx
      .createQueryBuilder()
      .insert()
      .into(SourceWindow)
      .values({ subject, tries: 0, endsAt })
      .orIgnore()
      .execute();
    const isRunning = `ends_at > ${Date.now()}`;
    await tx
      .createQueryBuilder()
      .update(SourceWindow)
      .set({
        tries: () => `${tries} + CASE WHEN ${isRunning} THEN tries ELSE 0 END`,
        endsAt: () => `CASE WHEN ${isRunning} THEN ends_at ELSE ${endsAt.getTime()} END`,
      })
      .where('subject = :subject', { subject })
      .execute();
  }

  /** For the periodic job: windows that are over. */
  async removeOld(now: Date): Promise<void> {
    await this.dataSource.manager.delete(SourceWindow, { endsAt: LessThanOrEqual(now) });
  }
}
