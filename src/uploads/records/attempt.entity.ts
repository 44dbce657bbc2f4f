import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { EntityManager, Relation } from 'typeorm';
import { Bytes, Id, Instant, Line, Reference } from '../../database/columns.js';
import { insertRow } from '../../database/insert.js';
import { UploadToken } from '../../tickets/tokens/upload-token.entity.js';
import type { Begun, Brought } from './new-upload.js';
import type { Way } from './upload.entity.js';

export type AttemptOutcome = 'stored' | 'failed';

/** How an upload ended; while it is under way it has a row of `uploads` instead. It goes with its token. */
@Entity('attempts')
@Index('ix_attempts_token_id_id', ['tokenId', 'id'])
@Index('ix_attempts_outcome_ended_at', ['outcome', 'endedAt'])
export class Attempt {
  /** The upload's, and the archive's where it became one; one that was refused before it began has its own. */
  @Id('attempts')
  id!: string;

  @Reference('token_id')
  tokenId!: string;

  @ManyToOne(() => UploadToken, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'token_id', foreignKeyConstraintName: 'fk_attempts_token_id' })
  token?: Relation<UploadToken>;

  @Line('outcome', 8)
  outcome!: AttemptOutcome;

  /** Why it failed (reasonOf in upload-outcome.policy.ts); null where it was stored. */
  @Line('reason', 64, { nullable: true })
  reason!: string | null;

  @Line('way', 8)
  way!: Way;

  /** The customer's name for it, cleaned; null where it never came. */
  @Line('filename', 255, { nullable: true })
  filename!: string | null;

  /** What came of the file; null where nobody counted. */
  @Bytes('bytes', { nullable: true })
  bytes!: number | null;

  @Bytes('declared_bytes', { nullable: true })
  declaredBytes!: number | null;

  @Line('address', 64)
  address!: string;

  @Instant('began_at')
  beganAt!: Date;

  @Instant('ended_at')
  endedAt!: Date;
}

/**
 * Within the transaction that settles the upload, after it holds the token's row.
 * @param reason null where it was stored
 */
export const recordAttempt = async (
  tx: EntityManager,
  tokenId: string,
  { id, way, address, beganAt, declaredBytes }: Begun,
  { filename, bytes }: Brought,
  reason: string | null,
): Promise<void> => {
  await insertRow(tx, Attempt, {
    ...{ id, way, address, beganAt, declaredBytes, filename, bytes, tokenId, reason },
    outcome: reason === null ? 'stored' : 'failed',
    endedAt: new Date(),
  });
};
