import { SetMetadata } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../http/actor.js';
import type { DomainEvent, EventName } from './events.js';

/** The deed around an event. */
export interface EventContext {
  /** Also the id of its row in the audit. */
  readonly id: string;
  readonly at: Date;
  readonly actor: Actor;
}

export type Subscriber<Name extends EventName = EventName> = (
  tx: EntityManager,
  event: DomainEvent<Name>,
  context: EventContext,
) => Promise<void>;

export const onEventKey = 'logs-collector:on-event';

/**
 * Marks the method of a provider that is called when one of these events is recorded, inside the transaction of the
 * deed. It writes with `tx` alone, and little: most often it enqueues a job. Whoever did the deed waits for it, locks
 * included, and where it throws the deed fails and is rolled back. Calls to a network, files and whatever may fail
 * belong in the job.
 */
export const OnEvent =
  <Name extends EventName>(...names: readonly [Name, ...Name[]]) =>
  <Method extends Subscriber<Name>>(
    target: object,
    key: string | symbol,
    method: TypedPropertyDescriptor<Method>,
  ): void => {
    SetMetadata(onEventKey, names)(target, key, method);
  };
