import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Id, Instant, Line, Reference, Whole } from '../../database/columns.js';
import { Ticket } from '../ticket.entity.js';

/** A secret that lets its holder add archives to one ticket. */
@Entity('upload_tokens')
@Index('uq_upload_tokens_hash', ['hash'], { unique: true })
@Index('ix_upload_tokens_ticket_id_id', ['ticketId', 'id'])
@Index('ix_upload_tokens_expires_at', ['expiresAt'])
@Index('ix_upload_tokens_spent', ['expiresAt'], { where: 'attempts_left = 0' })
@Index('ix_upload_tokens_failing', ['failures'], { where: 'failures > 0' })
export class UploadToken {
  @Id('upload_tokens')
  id!: string;

  @Reference('ticket_id')
  ticketId!: string;

  @ManyToOne(() => Ticket, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'ticket_id', foreignKeyConstraintName: 'fk_upload_tokens_ticket_id' })
  ticket?: Relation<Ticket>;

  /** SHA-256 of the token: a stolen database uploads nothing. */
  @Line('hash', 64)
  hash!: string;

  /** Attempts that are neither stored nor reserved by an upload under way. */
  @Whole('attempts_left')
  attemptsLeft!: number;

  /** Uploads that stored nothing since the last stored one; TOKEN_MAX_FAILURES of them lock the token. */
  @Whole('failures', { default: 0 })
  failures!: number;

  @Instant('expires_at')
  expiresAt!: Date;

  @Instant('revoked_at', { nullable: true })
  revokedAt!: Date | null;

  @Line('created_by', 128)
  createdBy!: string;

  @Instant('created_at')
  createdAt!: Date;
}
