import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Bytes, Id, Instant, Line, LongText, Reference } from '../database/columns.js';
import { Platform } from '../platforms/platform.entity.js';
import { Ticket } from '../tickets/ticket.entity.js';
import { UploadToken } from '../tickets/tokens/upload-token.entity.js';

/** 'damaged': the bytes in the store are missing or changed; it is not offered for download. */
export type StoredState = 'stored' | 'damaged';

/** What came of comparing an archive with a side-car's claim. */
export type ClaimOutcome = 'matched' | 'mismatched';

/** One uploaded file. Its id is the key of its blob. */
@Entity('archives')
@Index('ix_archives_ticket_id_id', ['ticketId', 'id'])
@Index('ix_archives_platform_id_id', ['platformId', 'id'])
@Index('ix_archives_uploaded_at_id_size', ['uploadedAt', 'id', 'size'])
@Index('ix_archives_troubled', ['id'], {
  where: "state = 'damaged' OR sha256_claim = 'mismatched' OR md5_claim = 'mismatched'",
})
@Index('ix_archives_token_id_idempotency_key', ['tokenId', 'idempotencyKey'])
export class Archive {
  @Id('archives')
  id!: string;

  @Reference('ticket_id')
  ticketId!: string;

  @ManyToOne(() => Ticket, { nullable: false })
  @JoinColumn({ name: 'ticket_id', foreignKeyConstraintName: 'fk_archives_ticket_id' })
  ticket?: Relation<Ticket>;

  @Reference('platform_id')
  platformId!: string;

  @ManyToOne(() => Platform, { nullable: false })
  @JoinColumn({ name: 'platform_id', foreignKeyConstraintName: 'fk_archives_platform_id' })
  platform?: Relation<Platform>;

  @Reference('token_id')
  tokenId!: string;

  @ManyToOne(() => UploadToken, { nullable: false })
  @JoinColumn({ name: 'token_id', foreignKeyConstraintName: 'fk_archives_token_id' })
  token?: Relation<UploadToken>;

  /** The customer's name for it, cleaned (http/filename.policy.ts); never a path here. */
  @Line('filename', 255)
  filename!: string;

  /** The name, folded for searching (search.ts). */
  @LongText('search')
  search!: string;

  @Bytes('size')
  size!: number;

  /** Lower-case hex. */
  @Line('sha256', 64)
  sha256!: string;

  /** Lower-case hex; null until a side-car asked for it, since it takes reading the bytes again. */
  @Line('md5', 32, { nullable: true })
  md5!: string | null;

  /** What the store still holds. What was claimed stands apart: neither must make the other forgotten. */
  @Line('state', 16)
  state!: StoredState;

  /** Null where no side-car of this algorithm was compared with it. */
  @Line('sha256_claim', 16, { nullable: true })
  sha256Claim!: ClaimOutcome | null;

  @Line('md5_claim', 16, { nullable: true })
  md5Claim!: ClaimOutcome | null;

  @Line('idempotency_key', 128, { nullable: true })
  idempotencyKey!: string | null;

  @Instant('uploaded_at')
  uploadedAt!: Date;
}
