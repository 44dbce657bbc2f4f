import { Entity, Index } from 'typeorm';
import { Flag, Id, Instant, Line, Whole } from '../../database/columns.js';
import { Bytes } from '../../database/columns.js';
import type { Role } from '../../http/allow.js';

/** A person with an account. */
@Entity('users')
@Index('uq_users_username_key', ['usernameKey'], { unique: true })
export class User {
  @Id('users')
  id!: string;

  /** As it was given. */
  @Line('username', 64)
  username!: string;

  /** Case-folded (search.ts): "Ann" and "ann" are one user. */
  @Line('username_key', 128)
  usernameKey!: string;

  /** Argon2id in PHC form. */
  @Line('password_hash', 255)
  passwordHash!: string;

  @Line('role', 16)
  role!: Role;

  @Flag('disabled')
  disabled!: boolean;

  /** The confirmed TOTP secret, sealed; null before the second factor is enrolled. */
  @Line('totp_secret', 512, { nullable: true })
  totpSecret!: string | null;

  /** A TOTP secret that waits for its first code, sealed. */
  @Line('totp_pending', 512, { nullable: true })
  totpPending!: string | null;

  /** The time step of the last accepted code (RFC 6238, section 5.2: a code works once). */
  @Bytes('totp_last_step', { nullable: true })
  totpLastStep!: number | null;

  /** What authenticators know the account by (WebAuthn, section 14.6.1): random, and nothing of the person's. */
  @Line('passkey_handle', 43)
  passkeyHandle!: string;

  /**
   * How many rows of passkeys are this user's. Counted here as well, so that one conditional statement on this row
   * decides whether a factor is the first or the last.
   */
  @Whole('passkeys', { default: 0 })
  passkeys!: number;

  @Instant('created_at')
  createdAt!: Date;
}
