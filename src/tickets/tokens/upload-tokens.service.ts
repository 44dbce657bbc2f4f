import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Config } from '../../config/config.js';
import { NotFound } from '../../errors/errors.js';
import { actorOf } from '../../http/actor.js';
import type { CallerOf } from '../../http/allow.js';
import { Instance } from '../../database/instance.js';
import { EventsService } from '../../events/events.service.js';
import { pageOf } from '../../http/pages.js';
import type { PageQuery } from '../../http/cursor.js';
import { newId, newSecret, sha256 } from '../../secrets/secrets.js';
import { FreeSpace } from '../../storage/free-space.js';
import { Platform } from '../../platforms/platform.entity.js';
import { Ticket } from '../ticket.entity.js';
import { TicketsService } from '../tickets.service.js';
import { UploadToken } from './upload-token.entity.js';
import { issuedToken, tokenView } from './upload-tokens.dto.js';
import type {
  ExtendToken,
  IssueToken,
  IssuedToken,
  OwnTokenView,
  TokenPage,
  TokenView,
} from './upload-tokens.dto.js';
import {
  UploadTokenExhausted,
  UploadTokenMissing,
  UploadTokenRevoked,
  UploadTokenUnknown,
} from './upload-tokens.errors.js';
import { byHash, byId, keepAttempt, takeAttempt } from './upload-tokens.statements.js';
import { ProvedTokens, knownToken } from './known-token.js';
import type { KnownToken } from './known-token.js';
import { later, refusal, tokenState } from './upload-tokens.policy.js';
import type { TokenState } from './upload-tokens.policy.js';

export type { KnownToken } from './known-token.js';

@Injectable()
export class UploadTokensService {
  private readonly proved = new ProvedTokens();

  constructor(
    private readonly dataSource: DataSource,
    private readonly tickets: TicketsService,
    private readonly space: FreeSpace,
    private readonly instance: Instance,
    private readonly events: EventsService,
    private readonly config: Config,
  ) {}

  /** @throws NotFound */
  async issue(
    number: string,
    input: IssueToken,
    caller: CallerOf,
    base: string,
  ): Promise<IssuedToken> {
    return this.dataSource.transaction(async (tx) =>
      this.issueIn(tx, await this.tickets.find(tx, number), input, caller, base),
    );
  }

  async list(number: string, query: PageQuery): Promise<TokenPage> {
    const ticket = await this.tickets.find(this.dataSource.manager, number);
    const rows = this.dataSource
      .createQueryBuilder(UploadToken, 'token')
      .where('token.ticketId = :ticket', { ticket: ticket.id });
    return pageOf(rows, query, (token) => tokenView(token, this.state(token, ticket)));
  }

  /** @throws NotFound where there is no such token of this ticket */
  async assertOf(number: string, id: string): Promise<void> {
    const ticket = await this.tickets.find(this.dataSource.manager, number);
    if (!(await this.dataSource.manager.existsBy(UploadToken, { id, ticketId: ticket.id })))
      throw new NotFound('token');
  }

  /** Replaces what is left of attempts and lifetime; does not unlock. @throws NotFound, UploadTokenRevoked */
  async extend(
    number: string,
    id: string,
    input: ExtendToken,
    caller: CallerOf,
  ): Promise<TokenView> {
    return this.dataSource.transaction(async (tx) => {
      const ticket = await this.tickets.find(tx, number);
      const changes = {
        ...(input.attempts === undefined ? {} : { attemptsLeft: input.attempts }),
        ...(input.lifetime === undefined ? {} : { expiresAt: later(input.lifetime) }),
      };
      if (Object.keys(changes).length > 0) {
        const { affected } = await tx
          .createQueryBuilder()
          .update(UploadToken)
          .set(changes)
          .where('id = :id AND ticket_id = :ticket AND revoked_at IS NULL', {
            id,
            ticket: ticket.id,
          })
          .execute();
        if (affected === 1)
          await this.events.record(tx, actorOf(caller), {
            name: 'token.extended',
            subject: { kind: 'token', id },
            details: {
              ticket: number,
              attempts: input.attempts ?? null,
              lifetime: input.lifetime ?? null,
            },
          });
      }
      const token = await tx.findOneBy(UploadToken, { id, ticketId: ticket.id });
      if (!token) throw new NotFound('token');
      if (token.revokedAt) throw new UploadTokenRevoked();
      return tokenView(token, this.state(token, ticket));
    });
  }

  /** Ends a token at once, also for uploads under way. Again is no error. @throws NotFound */
  async revoke(number: string, id: string, caller: CallerOf): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const ticket = await this.tickets.find(tx, number);
      if (!(await tx.existsBy(UploadToken, { id, ticketId: ticket.id })))
        throw new NotFound('token');
      const { affected } = await tx
        .createQueryBuilder()
        .update(UploadToken)
        .set({ revokedAt: new Date() })
        .where('id = :id AND revoked_at IS NULL', { id })
        .execute();
      if (affected === 1)
        await this.events.record(tx, actorOf(caller), {
          name: 'token.revoked',
          subject: { kind: 'token', id },
          details: { ticket: number },
        });
    });
  }

  /**
   * Whose token this is. One that is unknown, or has not even the form of a token, takes the same look as one that is
   * known: how long the answer takes tells nothing. Its hash alone reaches the database.
   * @param presented what the caller sent, of whatever type
   * @throws UploadTokenMissing, UploadTokenUnknown
   */
  async authenticate(presented: unknown): Promise<string> {
    if (presented === undefined || presented === null || presented === '')
      throw new UploadTokenMissing();
    if (typeof presented !== 'string') throw new UploadTokenUnknown();
    const { manager } = this.dataSource;
    const [row] = await byHash.rows(manager, { hash: sha256(presented) });
    if (!row) throw new UploadTokenUnknown();
    const token = knownToken(manager, row);
    this.proved.keep(token);
    return token.id;
  }

  /** Outside of a transaction what the request's proof has just read will do. @throws UploadTokenUnknown where it is gone */
  async load(manager: EntityManager, id: string): Promise<KnownToken> {
    const proved = manager.queryRunner ? null : this.proved.take(id);
    if (proved) return proved;
    const [row] = await byId.rows(manager, { id });
    if (!row) throw new UploadTokenUnknown();
    return knownToken(manager, row);
  }

  /** What the holder may know; changes nothing. */
  async own(id: string): Promise<OwnTokenView> {
    const token = await this.load(this.dataSource.manager, id);
    return {
      ticket: token.ticket.number,
      platform: token.ticket.platform.name,
      platformTitle: token.ticket.platform.title,
      state: this.state(token, token.ticket),
      attemptsLeft: token.attemptsLeft,
      expiresAt: token.expiresAt.toISOString(),
      maxUploadBytes: this.maxUploadBytes(token.ticket.platform),
      // Always a number: whoever compares a file's size with it would refuse every one for a null.
      freeBytes: Math.min(await this.room(), Number.MAX_SAFE_INTEGER),
      serverTime: new Date().toISOString(),
    };
  }

  /** None, whatever is free on the volume, while the database lives of its reserve: uploads are refused then. */
  private async room(): Promise<number> {
    return (await this.instance.hasReserve()) ? this.space.available() : 0;
  }

  maxUploadBytes({ maxUploadBytes }: Platform): number {
    return Math.min(maxUploadBytes ?? Infinity, this.config.MAX_UPLOAD_BYTES);
  }

  /** Refuses a token that may not begin an upload now. @throws UploadTokenExpired and its like */
  assertUsable(token: KnownToken): void {
    const refused = refusal(this.state(token, token.ticket));
    if (refused) throw refused;
  }

  /**
   * Takes one attempt, or refuses. One conditional update decides: with one attempt left and fifty callers,
   * one row is changed once.
   */
  async reserve(tx: EntityManager, id: string): Promise<void> {
    const limits = { now: Date.now(), maxFailures: this.config.TOKEN_MAX_FAILURES, no: false };
    if ((await takeAttempt.change(tx, { id, ...limits })) === 1) return;
    this.assertUsable(await this.load(tx, id));
    // It became usable again between the two statements; the customer may simply try again.
    throw new UploadTokenExhausted();
  }

  /** Holds the token's row until the transaction ends. @returns false where it is gone */
  async lock(tx: EntityManager, id: string): Promise<boolean> {
    const { affected } = await tx.update(UploadToken, { id }, { id });
    return affected === 1;
  }

  /** An upload stored nothing: gives its attempt back. @param failed whether it counts towards the lock */
  async giveBack(tx: EntityManager, id: string, failed: boolean): Promise<void> {
    await tx
      .createQueryBuilder()
      .update(UploadToken)
      .set({
        attemptsLeft: () => 'attempts_left + 1',
        ...(failed ? { failures: () => 'failures + 1' } : {}),
      })
      .where('id = :id', { id })
      .execute();
  }

  /** An upload was refused before it took an attempt, by a fault of its own. @throws UploadTokenUnknown */
  async countFailure(tx: EntityManager, id: string): Promise<void> {
    const { affected } = await tx.increment(UploadToken, { id }, 'failures', 1);
    // Its ticket was deleted meanwhile: what else is recorded of the token would refer to nothing.
    if (affected !== 1) throw new UploadTokenUnknown();
  }

  /** An upload is being stored: its attempt stays taken. @throws UploadTokenRevoked; expiry does not matter here */
  async settle(tx: EntityManager, id: string): Promise<number> {
    const [token] = await keepAttempt.rows(tx, { id });
    if (!token) throw new UploadTokenRevoked();
    return Number(token['left']);
  }

  /** In the transaction that may also create the ticket. @param ticket with its platform */
  async issueIn(
    tx: EntityManager,
    ticket: Ticket,
    { attempts, lifetime }: IssueToken,
    caller: CallerOf,
    base: string,
  ): Promise<IssuedToken> {
    const value = newSecret('lct_');
    const token: UploadToken = {
      id: newId(),
      ticketId: ticket.id,
      hash: sha256(value),
      attemptsLeft: attempts ?? ticket.platform?.tokenAttempts ?? this.config.TOKEN_ATTEMPTS,
      failures: 0,
      expiresAt: later(lifetime ?? ticket.platform?.tokenLifetime ?? this.config.TOKEN_LIFETIME),
      revokedAt: null,
      createdBy: actorOf(caller).name,
      createdAt: new Date(),
    };
    await tx.insert(UploadToken, token);
    await this.events.record(tx, actorOf(caller), {
      name: 'token.issued',
      subject: { kind: 'token', id: token.id },
      details: {
        ticket: ticket.number,
        attempts: token.attemptsLeft,
        expiresAt: token.expiresAt.toISOString(),
      },
    });
    return issuedToken(token, value, base);
  }

  private state(token: UploadToken, ticket: Ticket): TokenState {
    return tokenState(
      { ...token, ticketResolved: ticket.resolved },
      this.config.TOKEN_MAX_FAILURES,
      new Date(),
    );
  }
}
