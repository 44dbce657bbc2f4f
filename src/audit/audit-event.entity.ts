import { Entity, Index } from 'typeorm';
import { Column } from 'typeorm';
import { Bytes, Id, Instant, Line } from '../database/columns.js';
import type { Actor } from '../http/actor.js';

/** One thing that somebody did. Append-only, which triggers hold; seq and hash alone are set once, by the sealer. */
@Entity('audit_events')
@Index('ix_audit_events_action_id', ['action', 'id'])
@Index('ix_audit_events_subject_id_id', ['subjectId', 'id'])
@Index('uq_audit_events_seq', ['seq'], { unique: true })
@Index('ix_audit_events_unsealed', ['id'], { where: 'seq IS NULL' })
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

  /** Proves that the program wrote all of the above (chain.policy.ts). */
  @Line('mac', 64)
  mac!: string;

  /** Its number in the chain, from 1 and without a gap; null until it is sealed, a second or so after the deed. */
  @Bytes('seq', { nullable: true })
  seq!: number | null;

  /** Ties it to the event before it. */
  @Line('hash', 64, { nullable: true })
  hash!: string | null;
}
