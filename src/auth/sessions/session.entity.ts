import { Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Instant, Line, Reference, Whole } from '../../database/columns.js';
import { User } from '../accounts/user.entity.js';

/** A signed-in browser. Ended by deleting the row. */
@Entity('sessions')
@Index('ix_sessions_user_id', ['userId'])
@Index('ix_sessions_seen_at', ['seenAt'])
export class Session {
  /** SHA-256 of the cookie's id. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_sessions' })
  hash!: string;

  @Reference('user_id')
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'fk_sessions_user_id' })
  user?: Relation<User>;

  /** NIST SP 800-63B authenticator assurance level. */
  @Whole('aal')
  aal!: 1 | 2;

  @Line('address', 64)
  address!: string;

  /** The browser's User-Agent, cut. */
  @Line('agent', 255)
  agent!: string;

  /** When the password was given; SESSION_LIFETIME counts from here, at every level. */
  @Instant('began_at')
  beganAt!: Date;

  /** Last request; SESSION_IDLE counts from here. */
  @Instant('seen_at')
  seenAt!: Date;
}
