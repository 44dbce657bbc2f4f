import { AsyncResource } from 'node:async_hooks';
import { Injectable, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { SessionsService } from '../auth/sessions/sessions.service.js';
import { RateLimited, ShuttingDown } from '../errors/errors.js';
import type { Person } from '../http/allow.js';
import { Draining } from '../http/draining.js';
import { EventStream, eventText } from '../http/event-stream.js';
import type { EventText } from '../http/event-stream.js';
import { OverviewService } from './overview.service.js';

/** A board changes no more often, for whomever. */
const lookEveryMs = 1_000;
/** However long a look takes, the rest until the next one is longer by so much: a look is the smaller part of the time. */
const restFactor = 9;
/** A browser has six connections to one host, and a tab that watches keeps one of them. */
const mostOfSession = 4;
const mostOfProcess = 200;
/** Somebody may have gone by then. */
const comeAgainSeconds = 30;

const ended = eventText('ended', '{}');
const unavailable = eventText('unavailable', '{}');

/** Everything but the moment: the same board again is no news. */
const contentOf = (view: object): string => JSON.stringify({ ...view, at: undefined });

/**
 * Shows the board to those who watch it, as it changes. One look a second serves all of them, and nobody looks while
 * nobody watches. It reads the database, and so knows what other processes do.
 */
@Injectable()
export class WatchersService {
  private readonly log = new Logger('Watchers');
  private readonly streams = new Map<EventStream, Person>();
  private newest: { readonly content: string; readonly text: EventText } | null = null;
  private isUnavailable = false;
  private isLooking = false;
  private timer: NodeJS.Timeout | null = null;
  /** Looks belong to no request, though one of them begins the first. */
  private readonly outside = new AsyncResource('watchers');

  constructor(
    private readonly overview: OverviewService,
    private readonly sessions: SessionsService,
    private readonly draining: Draining,
  ) {
    draining.begun.addEventListener('abort', () => this.endAll());
  }

  /** How many watch. */
  get count(): number {
    return this.streams.size;
  }

  /** Whether nobody looks, and nobody will. */
  get isIdle(): boolean {
    return this.timer === null && !this.isLooking;
  }

  /**
   * Answers with the board, and with each change of it, until the client goes, the session ends, or the service stops.
   * @throws RateLimited, ShuttingDown
   */
  watch(person: Person, res: Response): void {
    if (this.draining.isDraining) throw new ShuttingDown();
    const own = [...this.streams.values()].filter(({ session }) => session === person.session);
    if (own.length >= mostOfSession || this.streams.size >= mostOfProcess)
      throw new RateLimited(comeAgainSeconds);
    const stream = new EventStream(res, () => this.streams.delete(stream));
    this.streams.set(stream, person);
    if (this.isUnavailable) stream.offer(unavailable);
    if (this.newest) stream.offer(this.newest.text);
    if (this.isIdle) this.outside.runInAsyncScope(() => void this.turn());
  }

  private async turn(): Promise<void> {
    const began = Date.now();
    this.timer = null;
    this.isLooking = true;
    try {
      await this.endEnded(new Date(began));
      if (this.streams.size > 0) await this.show();
    } catch (cause) {
      this.tellUnavailable(cause);
    } finally {
      this.isLooking = false;
    }
    if (this.streams.size === 0) {
      this.newest = null;
      this.isUnavailable = false;
      return;
    }
    const tookMs = Date.now() - began;
    const waitMs = Math.max(lookEveryMs - tookMs, restFactor * tookMs);
    this.timer = setTimeout(() => void this.turn(), waitMs);
    this.timer.unref();
  }

  /** A session that ended, or whose person was disabled, sees nothing more; watching keeps none alive. */
  private async endEnded(now: Date): Promise<void> {
    const hashes = new Set([...this.streams.values()].map(({ session }) => session));
    if (hashes.size === 0) return;
    const standing = await this.sessions.standing([...hashes], now);
    for (const [stream, { session }] of this.streams)
      if (hashes.has(session) && !standing.has(session)) {
        this.streams.delete(stream);
        stream.end(ended);
      }
  }

  private async show(): Promise<void> {
    const view = await this.overview.look();
    const content = contentOf(view);
    if (content === this.newest?.content && !this.isUnavailable) return;
    this.isUnavailable = false;
    const text = eventText('overview', JSON.stringify(view), Date.parse(view.at));
    this.newest = { content, text };
    for (const stream of this.streams.keys()) stream.offer(text);
  }

  /** Once for each outage: those who watch know that what they see is old. */
  private tellUnavailable(cause: unknown): void {
    if (this.isUnavailable) return;
    this.isUnavailable = true;
    this.log.warn({ event: 'overview.unavailable', err: cause });
    for (const stream of this.streams.keys()) stream.offer(unavailable);
  }

  private endAll(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const stream of [...this.streams.keys()]) stream.end();
    this.streams.clear();
  }
}
