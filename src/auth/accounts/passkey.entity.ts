import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Bytes, Flag, Id, Instant, Line, LongText, Reference } from '../../database/columns.js';
import { User } from './user.entity.js';

/** A WebAuthn credential of a user. Whoever inserts or deletes a row also counts it in User.passkeys. */
@Entity('passkeys')
@Index('uq_passkeys_credential_id', ['credentialId'], { unique: true })
@Index('ix_passkeys_user_id', ['userId'])
export class Passkey {
  @Id('passkeys')
  id!: string;

  @Reference('user_id')
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'fk_passkeys_user_id' })
  user?: Relation<User>;

  /** The authenticator's own name for it, base64url: 1023 bytes at most (WebAuthn, section 4). */
  @Line('credential_id', 1364)
  credentialId!: string;

  /** COSE key, base64url. */
  @LongText('public_key')
  publicKey!: string;

  /** The last signature counter; an authenticator that keeps none, as synced ones do, says 0 for ever. */
  @Bytes('counter')
  counter!: number;

  /** How the browser reaches the authenticator ("usb internal"): a hint for it. */
  @Line('transports', 255)
  transports!: string;

  /** Whether a copy of it was kept elsewhere when it was last used, as a synced one's is. */
  @Flag('backed_up')
  backedUp!: boolean;

  /** As its owner calls it. */
  @Line('name', 100)
  name!: string;

  @Instant('created_at')
  createdAt!: Date;

  @Instant('last_used_at', { nullable: true })
  lastUsedAt!: Date | null;
}
