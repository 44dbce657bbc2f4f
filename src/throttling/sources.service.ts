import { Injectable, Logger } from '@nestjs/common';
import { DataSource, In, LessThanOrEqual, MoreThan } from 'typeorm';
import { Config } from '../config/config.js';
import { isPostgres } from '../database/data-source.js';
import { statusOf } from '../errors/catalogue.js';
import { DomainError } from '../errors/domain-error.js';
import { RateLimited } from '../errors/errors.js';
import { addressGroup } from '../http/address-group.js';
import { Every, minuteMs } from '../jobs/decorators.js';
import { TryWindows } from './try-windows.js';
import type { UnsavedTries } from './try-windows.js';
import { Keyring } from '../secrets/secrets.js';
import { SourceWindow } from './source-window.entity.js';

/** A credential that is missing guesses nothing. */
const isWrong = (cause: unknown): boolean =>
  cause instanceof DomainError &&
  statusOf(cause.code) === 401 &&
  cause.code !== 'credentials-missing';

/** Addresses whose names are kept: a name is an HMAC, which need not be made for each request of an address. */
const mostNames = 1_000;

const remembered = (nameOf: (text: string) => string): ((text: string) => string) => {
  const names = new Map<string, string>();
  return (text) => {
    let name = names.get(text);
    if (name === undefined) {
      if (names.size >= mostNames) names.clear();
      names.set(text, (name = nameOf(text)));
    }
    return name;
  };
};

/** Small enough that nobody waits long for the transaction. */
const batchSize = 200;

/**
 * Counts what each address tries, a minute long: wrong tokens, keys and cookies, and requests to routes that take a
 * password or a code. It counts in memory, so that no guess costs a write and a wrong token takes no longer than another
 * one, and saves what was counted each second: a restart forgets a second at most, and replicas learn of each other.
 * Replicas tell each other of all requests too; one process alone keeps those to itself.
 */
@Injectable()
export class SourcesService {
  private readonly log = new Logger(SourcesService.name);
  private readonly windows = new TryWindows();
  private readonly requests = new TryWindows();
  private readonly nameOf: (text: string) => string;
  private isFailing = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
    keyring: Keyring,
  ) {
    this.nameOf = remembered(keyring.macs('source'));
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
      if (isWrong(cause))
        this.take(
          this.windows,
          `wrong ${addressGroup(address)}`,
          Math.max(10, Math.floor(this.config.API_RATE / 10)),
        );
      throw cause;
    }
  }

  /** One more request to a route that takes a password or a code. @throws RateLimited beyond LOGIN_RATE */
  takeTry(route: string, address: string): void {
    this.take(this.windows, `${route} ${addressGroup(address)}`, this.config.LOGIN_RATE);
  }

  /** One more request, to all routes together. @throws RateLimited beyond API_RATE */
  takeRequest(address: string): void {
    this.take(this.requests, `api:${addressGroup(address)}`, this.config.API_RATE);
  }

  /** A request beyond the limit does not count: a client that waits is heard again. */
  private take(windows: TryWindows, what: string, limit: number): void {
    const [subject, now] = [this.nameOf(what), new Date()];
    const waitMs = windows.waitMs(subject, limit, now);
    if (waitMs > 0) throw new RateLimited(Math.ceil(waitMs / 1000));
    windows.count(subject, now);
  }

  /** Before the first request: what was counted before this start. */
  async load(): Promise<void> {
    const running = { endsAt: MoreThan(new Date()) };
    for (const window of await this.dataSource.manager.findBy(SourceWindow, running))
      this.windows.saved(window);
  }

  /** Saves what was counted. What cannot be saved now is saved later: it fails no one. */
  @Every(1_000, 'each')
  async save(): Promise<void> {
    try {
      await this.saveAll(this.windows);
      if (isPostgres(this.dataSource)) await this.saveAll(this.requests);
      this.isFailing = false;
    } catch (cause) {
      // Once, and not each second.
      if (!this.isFailing) this.log.warn({ event: 'sources.not-saved', err: cause });
      this.isFailing = true;
    }
  }

  private async saveAll(windows: TryWindows): Promise<void> {
    const all = windows.unsaved(new Date());
    for (let at = 0; at < all.length; at += batchSize)
      await this.saveSome(windows, all.slice(at, at + batchSize));
  }

  private async saveSome(windows: TryWindows, some: readonly UnsavedTries[]): Promise<void> {
    const added = new Map(some.map(({ subject, tries }) => [subject, tries]));
    const saved = await this.dataSource.transaction(async (tx) => {
      await tx.query(...this.adding(some));
      return tx.findBy(SourceWindow, { subject: In([...added.keys()]) });
    });
    for (const window of saved) windows.saved(window, added.get(window.subject));
  }

  /** One statement, on both databases: to windows that run, whoever began them; those that are over begin anew. */
  private adding(some: readonly UnsavedTries[]): [string, unknown[]] {
    const { driver } = this.dataSource;
    let count = 0;
    const place = (): string => driver.createParameter('value', count++);
    const rows = some.map(() => `(${place()}, ${place()}, ${place()})`).join(', ');
    const isRunning = `source_windows.ends_at > ${Date.now()}`;
    return [
      `INSERT INTO source_windows (subject, tries, ends_at) VALUES ${rows}
       ON CONFLICT (subject) DO UPDATE SET
         tries = excluded.tries + CASE WHEN ${isRunning} THEN source_windows.tries ELSE 0 END,
         ends_at = CASE WHEN ${isRunning} THEN source_windows.ends_at ELSE excluded.ends_at END`,
      some.flatMap(({ subject, tries, endsAt }) => [subject, tries, endsAt.getTime()]),
    ];
  }

  /** For the periodic job: windows that are over. */
  @Every(10 * minuteMs)
  async removeOld(now: Date): Promise<void> {
    await this.dataSource.manager.delete(SourceWindow, { endsAt: LessThanOrEqual(now) });
  }
}
