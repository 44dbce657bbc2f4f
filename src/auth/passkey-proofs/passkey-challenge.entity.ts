import { Entity, Index, PrimaryColumn } from 'typeorm';
import { Instant, Line } from '../../database/columns.js';

/** What a passkey is asked to sign: to be made, to prove its owner once more, or to sign in with. */
export type Purpose = 'register' | 'prove' | 'sign-in';

/** A challenge that was not answered yet; answering it deletes it. */
@Entity('passkey_challenges')
@Index('ix_passkey_challenges_session', ['session'])
@Index('ix_passkey_challenges_expires_at', ['expiresAt'])
export class PasskeyChallenge {
  /** SHA-256 of the challenge, which is 256 random bits. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_passkey_challenges' })
  hash!: string;

  @Line('purpose', 16)
  purpose!: Purpose;

  /** Hash of the session that it was given to; null for signing in, before there is one. */
  @Line('session', 64, { nullable: true })
  session!: string | null;

  @Instant('expires_at')
  expiresAt!: Date;
}
