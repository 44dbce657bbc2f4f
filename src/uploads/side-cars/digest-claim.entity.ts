import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Id, Instant, Line, Reference } from '../../database/columns.js';
import { UploadToken } from '../../tickets/tokens/upload-token.entity.js';
import type { ClaimedAlgorithm } from './side-cars.policy.js';

/** What a side-car says of a file of its token that has not come yet: it waits for that. */
@Entity('digest_claims')
@Index('uq_digest_claims_token_id_filename_algorithm', ['tokenId', 'filename', 'algorithm'], {
  unique: true,
})
@Index('ix_digest_claims_created_at', ['createdAt'])
export class DigestClaim {
  @Id('digest_claims')
  id!: string;

  @Reference('token_id')
  tokenId!: string;

  @ManyToOne(() => UploadToken, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'token_id', foreignKeyConstraintName: 'fk_digest_claims_token_id' })
  token?: Relation<UploadToken>;

  /** Of the file, not of the side-car. */
  @Line('filename', 255)
  filename!: string;

  @Line('algorithm', 8)
  algorithm!: ClaimedAlgorithm;

  /** Lower-case hex. */
  @Line('digest', 64)
  digest!: string;

  /**
   * The archive that did not fit and was marked for it. No foreign key: a deletion would change this row while it
   * holds the archive's, and a claim that is being recorded takes the two the other way round. Ids do not come again,
   * so that one which leads nowhere marks nothing.
   */
  @Reference('archive_id', { nullable: true })
  archiveId!: string | null;

  @Instant('created_at')
  createdAt!: Date;
}
