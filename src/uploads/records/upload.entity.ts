import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Bytes, Id, Instant, Line, LongText, Reference, Whole } from '../../database/columns.js';
import { UploadToken } from '../../tickets/tokens/upload-token.entity.js';

/** How its bytes come; tus takes many requests (resumable/). */
export const ways = ['form', 'put', 'post', 'tus'] as const;
export type Way = (typeof ways)[number];

/**
 * An upload under way: the reservation of one attempt. Its id will be the archive's id and the blob's key.
 * Whoever deletes the row settles the upload: the commit, the failure, or the next start after a crash.
 */
@Entity('uploads')
@Index('uq_uploads_token_id_idempotency_key', ['tokenId', 'idempotencyKey'], { unique: true })
@Index('ix_uploads_instance', ['instance'])
@Index('ix_uploads_held', ['id'], { where: "way <> 'tus' OR writer IS NOT NULL" })
@Index('ix_uploads_left', ['activeAt', 'id'], { where: "way = 'tus' AND writer IS NULL" })
export class Upload {
  @Id('uploads')
  id!: string;

  @Reference('token_id')
  tokenId!: string;

  @ManyToOne(() => UploadToken, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'token_id', foreignKeyConstraintName: 'fk_uploads_token_id' })
  token?: Relation<UploadToken>;

  /** The process that takes it (database/instance.ts). */
  @Whole('instance')
  instance!: number;

  @Line('idempotency_key', 128, { nullable: true })
  idempotencyKey!: string | null;

  @Bytes('declared_bytes', { nullable: true })
  declaredBytes!: number | null;

  @Line('address', 64)
  address!: string;

  @Instant('began_at')
  beganAt!: Date;

  /** The customer's name for it, cleaned; null where it comes with the body. */
  @Line('filename', 255, { nullable: true })
  filename!: string | null;

  /** One by tus outlives the process; the columns below are for these alone. */
  @Line('way', 8)
  way!: Way;

  /** The request that holds it; null where none does. A request whose instance is dead holds nothing. */
  @Reference('writer', { nullable: true })
  writer!: string | null;

  /** The writer, once its client has asked another process for this upload: its own process is to end that request. */
  @Reference('given_up', { nullable: true })
  givenUp!: string | null;

  /** When a request last held it: what nobody resumes expires. */
  @Instant('active_at', { nullable: true })
  activeAt!: Date | null;

  /** While a body with a checksum comes: the bytes before it. Those after them are not proved, should we die. */
  @Bytes('proved_bytes', { nullable: true })
  provedBytes!: number | null;

  /** Upload-Metadata as it came. */
  @LongText('metadata', { nullable: true })
  metadata!: string | null;

  /** SHA-256 that the whole file must have, lower-case hex; null where nothing was claimed. */
  @Line('sha256', 64, { nullable: true })
  sha256!: string | null;
}
