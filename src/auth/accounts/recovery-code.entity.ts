import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Id, Line, Reference } from '../../database/columns.js';
import { User } from './user.entity.js';

/** A recovery code that was not used yet; using it deletes it. */
@Entity('recovery_codes')
@Index('ix_recovery_codes_user_id', ['userId'])
export class RecoveryCode {
  @Id('recovery_codes')
  id!: string;

  @Reference('user_id')
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'fk_recovery_codes_user_id' })
  user?: Relation<User>;

  /** Argon2id in PHC form: a code has less than 112 bits (ASVS 6.5.2). */
  @Line('hash', 255)
  hash!: string;
}
