import { Entity, Index, PrimaryColumn } from 'typeorm';
import { Instant, Whole } from '../database/columns.js';

/** Consecutive failures to prove one account's password or code; also for names that no account has. */
@Entity('auth_failures')
@Index('ix_auth_failures_last_at', ['lastAt'])
export class AuthFailure {
  /** HMAC of what failed, so that a stolen database lists no names that were tried. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_auth_failures' })
  subject!: string;

  @Whole('failures')
  failures!: number;

  @Instant('blocked_until')
  blockedUntil!: Date;

  @Instant('last_at')
  lastAt!: Date;
}
