import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import type { Actor } from '../http/actor.js';
import { MarkedMethods } from '../jobs/marked-methods.js';
import { actionOf } from './action.policy.js';
import type { DomainEvent, EventName } from './events.js';
import { onEventKey } from './on-event.js';
import type { Subscriber } from './on-event.js';

type Call = (...given: Parameters<Subscriber>) => Promise<unknown>;

/** Tells the audit, and whoever subscribed with @OnEvent, what happened. */
@Injectable()
export class EventsService implements OnModuleInit {
  private readonly subscribers = new Map<EventName, readonly Call[]>();

  constructor(
    private readonly audit: AuditService,
    private readonly methods: MarkedMethods,
  ) {}

  onModuleInit(): void {
    for (const { mark, run } of this.methods.of<readonly EventName[]>(onEventKey))
      for (const name of new Set(mark)) {
        const others = this.subscribers.get(name) ?? [];
        this.subscribers.set(name, [...others, run]);
      }
  }

  /**
   * Records who did what, in the transaction of the deed: after a rollback neither the audit nor a subscriber knows of
   * it. Subscribers are called one after another, in no promised order; one that throws fails the deed.
   */
  async record(tx: EntityManager, actor: Actor, event: DomainEvent): Promise<void> {
    const { name, subject, details = {} } = event;
    const subscribers = this.subscribers.get(name);
    // A refused sign-in is recorded outside of a transaction: with subscribers it gets one of its own.
    if (subscribers && !tx.queryRunner?.isTransactionActive)
      return tx.transaction((own) => this.record(own, actor, event));
    const { id, at } = await this.audit.record(tx, actor, {
      action: actionOf(name),
      subject,
      details,
    });
    for (const call of subscribers ?? []) await call(tx, event, { id, at, actor });
  }
}
