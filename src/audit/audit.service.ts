import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../http/actor.js';
import { insertRow } from '../database/insert.js';
import { pageOf } from '../http/pages.js';
import type { Page } from '../http/cursor.js';
import { currentRequest } from '../http/request-context.js';
import { Keyring, newId } from '../secrets/secrets.js';
import { AuditEvent } from './audit-event.entity.js';
import type { Action } from './audit.actions.js';
import { auditEventView } from './audit.dto.js';
import type { AuditEventView, AuditQuery } from './audit.dto.js';
import { ChainCodes } from './chain.policy.js';

/** What happened to what. Details are facts for people; never a secret. */
export interface Happening {
  readonly action: Action;
  readonly subject: { readonly kind: string; readonly id: string | null };
  readonly details?: AuditEvent['details'];
}

/** Where it stands in the audit. */
export interface Recorded {
  readonly id: string;
  readonly at: Date;
}

/** Half of a surrogate pair is stored as something else by each database, and no mac would fit it. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

@Injectable()
export class AuditService {
  private readonly codes: ChainCodes;

  constructor(
    private readonly dataSource: DataSource,
    keyring: Keyring,
  ) {
    this.codes = new ChainCodes((purpose) => keyring.macs(purpose));
  }

  /**
   * Records who did what, on what, from where and when, in the transaction of the change itself. The sealer gives it
   * its place in the chain later: a lock on the chain's end would put all changes in one row.
   * Features call EventsService.record instead, which tells subscribers too.
   */
  async record(
    tx: EntityManager,
    actor: Actor,
    { action, subject, details = {} }: Happening,
  ): Promise<Recorded> {
    const request = currentRequest();
    const at = new Date();
    const said = {
      id: newId(),
      actorKind: actor.kind,
      actorId: actor.id,
      actorName: wellFormed(actor.name),
      action,
      subjectKind: subject.kind,
      subjectId: subject.id && wellFormed(subject.id),
      address: request?.address ?? null,
      requestId: request?.requestId ?? null,
    };
    const mac = this.codes.macOf({ ...said, at: at.getTime(), details: JSON.stringify(details) });
    await insertRow(tx, AuditEvent, { ...said, at, details, mac });
    return { id: said.id, at };
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
