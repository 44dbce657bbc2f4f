import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../http/actor.js';
import { pageOf } from '../database/pages.js';
import type { Page } from '../http/cursor.js';
import { currentRequest } from '../http/request-context.js';
import { newId } from '../secrets/secrets.js';
import { AuditEvent } from './audit-event.entity.js';
import type { Action } from './audit.actions.js';
import { auditEventView } from './audit.dto.js';
import type { AuditEventView, AuditQuery } from './audit.dto.js';

/** What happened to what. Details are facts for people; never a secret. */
export interface Happening {
  readonly action: Action;
  readonly subject: { readonly kind: string; readonly id: string | null };
  readonly details?: AuditEvent['details'];
}

@Injectable()
export class AuditService {
  constructor(private readonly dataSource: DataSource) {}

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
  async list(query: AuditQuery): Promise<Page<AuditEventView>> {
    const rows = this.dataSource.createQueryBuilder(AuditEvent, 'event');
    const { action, subject, actor } = query;
    if (action) rows.andWhere('event.action = :action', { action });
    if (subject) rows.andWhere('event.subjectId = :subject', { subject });
    if (actor) rows.andWhere('(event.actorId = :actor OR event.actorName = :actor)', { actor });
    return pageOf(rows, query, auditEventView);
  }
}
