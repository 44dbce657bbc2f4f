import { Injectable } from '@nestjs/common';
import type { CallerOf } from '../http/allow.js';
import { ArrivalsService } from './arrivals.service.js';
import { excerpt } from './excerpt.policy.js';
import type { OverviewView, StorageHistoryView } from './overview.dto.js';
import { trouble, visibleTo, withoutRepetition } from './overview.policy.js';
import { RoomService } from './room.service.js';
import { TroublesService } from './troubles.service.js';
import { WaitingService } from './waiting.service.js';

const shownTroubles = 20;

/** The status board as it is now. */
@Injectable()
export class OverviewService {
  private looking: Promise<OverviewView> | null = null;

  constructor(
    private readonly waiting: WaitingService,
    private readonly arrivals: ArrivalsService,
    private readonly troubles: TroublesService,
    private readonly room: RoomService,
  ) {}

  async seenBy(caller: CallerOf): Promise<OverviewView> {
    return visibleTo(caller, await this.look());
  }

  /** Those who ask at once share one look. */
  look(): Promise<OverviewView> {
    this.looking ??= this.lookAt(new Date()).finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  history(): Promise<StorageHistoryView> {
    return this.room.history(new Date());
  }

  /** One question after the other: a look takes one connection of the pool, and not all of them. */
  private async lookAt(now: Date): Promise<OverviewView> {
    const hasTickets = await this.waiting.hasTickets();
    const hasPlatforms = hasTickets || (await this.waiting.hasPlatforms());
    const uploads = await this.arrivals.uploads(now);
    const archives = await this.arrivals.archives();
    const waiting = await this.waiting.tickets();
    const expiringTokens = await this.waiting.expiringTokens(now);
    const spentTokens = await this.waiting.spentTokens(now);
    const room = await this.room.look(now);
    const troubles = withoutRepetition([
      ...room.troubles,
      ...(await this.troubles.archives()),
      ...spentTokens.items
        .filter(({ state }) => state === 'locked')
        .map(({ ticket }) => trouble('token-locked', { ticket })),
      ...(await this.troubles.failedUploads(now)),
    ]);
    return {
      at: now.toISOString(),
      hasPlatforms,
      hasTickets,
      troubles: excerpt(troubles, shownTroubles),
      uploads,
      waiting,
      expiringTokens,
      spentTokens,
      archives,
      room: room.view,
    };
  }
}
