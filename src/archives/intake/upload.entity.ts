import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Bytes, Id, Instant, Line, Reference, Whole } from '../../database/columns.js';
import { UploadToken } from '../../upload-tokens/upload-token.entity.js';

/**
 * An upload under way: the reservation of one attempt. Its id will be the archive's id and the blob's key.
 * Whoever deletes the row settles the upload: the commit, the failure, or the next start after a crash.
 */
@Entity('uploads')
@Index('uq_uploads_token_id_idempotency_key', ['tokenId', 'idempotencyKey'], { unique: true })
@Index('ix_uploads_instance', ['instance'])
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
}
