import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { SelectQueryBuilder } from 'typeorm';
import { Config } from '../config/config.js';
import { Platform } from '../platforms/platform.entity.js';
import { Ticket } from '../tickets/ticket.entity.js';
import { UploadToken } from '../tickets/tokens/upload-token.entity.js';
import { countedTo, excerpt } from './excerpt.policy.js';
import type { Excerpt } from './excerpt.policy.js';
import type { ExpiringTokenView, SpentTokenView, WaitingTicketView } from './overview.dto.js';

const shown = 8;
const noteLength = 200;
/** A token that expires within this is worth a look. */
const soonMs = 48 * 60 * 60 * 1000;

/**
 * What waits for a customer or an engineer. Each question walks along an index made for it and stops early: there may
 * be millions of tickets and tokens.
 */
@Injectable()
export class WaitingService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  async hasPlatforms(): Promise<boolean> {
    return (await this.one(Platform)) !== null;
  }

  async hasTickets(): Promise<boolean> {
    return (await this.one(Ticket)) !== null;
  }

  private one(entity: typeof Platform | typeof Ticket): Promise<object | null> {
    return this.dataSource.createQueryBuilder(entity, 'row').select('row.id').limit(1).getOne();
  }

  /** Open tickets without an archive, newest first. */
  async tickets(): Promise<Excerpt<WaitingTicketView>> {
    const rows = await this.dataSource
      .createQueryBuilder(Ticket, 'ticket')
      .innerJoin('ticket.platform', 'platform')
      .select(['ticket.id', 'ticket.number', 'ticket.createdAt', 'platform.name'])
      // As text: a parameter would keep the database from seeing that it is the partial index's own condition.
      .where('ticket.archiveCount = 0 AND ticket.resolved = :no', { no: false })
      .orderBy('ticket.id', 'DESC')
      .limit(countedTo + 1)
      .getMany();
    const { items, ...counts } = excerpt(rows, shown);
    const notes = await this.notes(items.map(({ id }) => id));
    return {
      ...counts,
      items: items.map(({ id, number, createdAt, platform }) => ({
        ticket: number,
        platform: platform?.name ?? '',
        note: notes.get(id) ?? '',
        createdAt: createdAt.toISOString(),
      })),
    };
  }

  /** Their beginnings, of those few that are shown. */
  private async notes(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await this.dataSource
      .createQueryBuilder(Ticket, 'ticket')
      .select('ticket.id', 'id')
      .addSelect(`SUBSTR(ticket.note, 1, ${noteLength})`, 'note')
      .where('ticket.id IN (:...ids)', { ids })
      .getRawMany<{ id: string; note: string }>();
    return new Map(rows.map(({ id, note }) => [id, note]));
  }

  /** Tokens that could still take an upload and soon cannot, the next to expire first. */
  async expiringTokens(now: Date): Promise<Excerpt<ExpiringTokenView>> {
    const rows = await this.liveTokens(now)
      .andWhere('token.expiresAt <= :soon', { soon: now.getTime() + soonMs })
      .andWhere('token.attemptsLeft > 0 AND token.failures < :max', { max: this.maxFailures })
      .orderBy('token.expiresAt', 'ASC')
      .addOrderBy('token.id', 'ASC')
      .getMany();
    const { items, ...counts } = excerpt(rows, shown);
    return {
      ...counts,
      items: items.map(({ id, ticket, attemptsLeft, expiresAt }) => ({
        id,
        ticket: ticket?.number ?? '',
        attemptsLeft,
        expiresAt: expiresAt.toISOString(),
      })),
    };
  }

  /** Tokens that take nothing more before they expire: locked ones first. */
  async spentTokens(now: Date): Promise<Excerpt<SpentTokenView>> {
    const locked = await this.liveTokens(now)
      .andWhere('token.failures > 0 AND token.failures >= :max', { max: this.maxFailures })
      .orderBy('token.expiresAt', 'DESC')
      .addOrderBy('token.id', 'DESC')
      .getMany();
    const exhausted = await this.liveTokens(now)
      .andWhere('token.attemptsLeft = 0 AND token.failures < :max', { max: this.maxFailures })
      // The attempt that is missing may come back.
      .andWhere('NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.token_id = token.id)')
      .orderBy('token.expiresAt', 'DESC')
      .addOrderBy('token.id', 'DESC')
      .getMany();
    const view = (state: SpentTokenView['state']) => (row: UploadToken) => ({
      id: row.id,
      ticket: row.ticket?.number ?? '',
      state,
      expiresAt: row.expiresAt.toISOString(),
    });
    return excerpt([...locked.map(view('locked')), ...exhausted.map(view('exhausted'))], shown);
  }

  private liveTokens(now: Date): SelectQueryBuilder<UploadToken> {
    return this.dataSource
      .createQueryBuilder(UploadToken, 'token')
      .innerJoin('token.ticket', 'ticket')
      .select(['token.id', 'token.attemptsLeft', 'token.expiresAt', 'ticket.id', 'ticket.number'])
      .where('token.expiresAt > :now AND token.revokedAt IS NULL', { now: now.getTime() })
      .andWhere('ticket.resolved = :no', { no: false })
      .limit(countedTo + 1);
  }

  private get maxFailures(): number {
    return this.config.TOKEN_MAX_FAILURES;
  }
}
