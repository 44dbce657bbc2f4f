import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../http/actor.js';
import { currentRequest } from '../http/request-context.js';
import { newId } from '../secrets/secrets.js';
import { AuditEvent } from './audit-event.entity.js';
import type { Action } from './audit.actions.js';

/** What happened to what. Details are facts for people; never a secret. */
export interface Happening {
  readonly action: Action;
  readonly subject: { readonly kind: string; readonly id: string | null };
  readonly details?: AuditEvent['details'];
}

@Injectable()
export class AuditService {
  /** Records who did what, on what, from where and when, in the transaction of the change itself. */
  async record(
    tx: EntityManager,
    actor: Actor,
    { action, subject, details }: Happening,
  ): Promise<void> {
    const request = currentRequest();
    await tx.insert(AuditEvent, {
      id: newId(),
      at: new Date(),
      actorKind: actor.kind,
      actorId: actor.id,
      actorName: actor.name,
      action,
      subjectKind: subject.kind,
      subjectId: subject.id,
      address: request?.address ?? null,
      requestId: request?.requestId ?? null,
      details: details ?? {},
    });
  }
}
