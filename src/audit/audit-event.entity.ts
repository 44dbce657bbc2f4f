import { Entity, Index } from 'typeorm';
import { Column } from 'typeorm';
import { Id, Instant, Line } from '../database/columns.js';
import type { Actor } from '../http/actor.js';

/** One thing that somebody did. Append-only. */
@Entity('audit_events')
@Index('ix_audit_events_action_id', ['action', 'id'])
@Index('ix_audit_events_subject_id_id', ['subjectId', 'id'])
export class AuditEvent {
  @Id('audit_events')
  id!: string;

  @Instant('at')
  at!: Date;

  @Line('actor_kind', 16)
  actorKind!: Actor['kind'];

  @Line('actor_id', 36, { nullable: true })
  actorId!: string | null;

  /** The actor's name at that time, kept when the account goes. */
  @Line('actor_name', 128)
  actorName!: string;

  @Line('action', 64)
  action!: string;

  @Line('subject_kind', 32)
  subjectKind!: string;

  @Line('subject_id', 64, { nullable: true })
  subjectId!: string | null;

  @Line('address', 64, { nullable: true })
  address!: string | null;

  @Line('request_id', 128, { nullable: true })
  requestId!: string | null;

  @Column({ type: 'simple-json', name: 'details' })
  details!: Record<string, string | number | boolean | null>;
}
