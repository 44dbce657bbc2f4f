import { Entity, Index } from 'typeorm';
import { Id, Instant, Line } from '../../database/columns.js';

/** A key by which a help desk calls the API. */
@Entity('api_keys')
@Index('uq_api_keys_hash', ['hash'], { unique: true })
export class ApiKey {
  @Id('api_keys')
  id!: string;

  @Line('name', 100)
  name!: string;

  /** SHA-256 of the key. */
  @Line('hash', 64)
  hash!: string;

  /** Scopes, separated by a space. */
  @Line('scopes', 255)
  scopes!: string;

  @Instant('expires_at', { nullable: true })
  expiresAt!: Date | null;

  /** To the minute: not every request writes. */
  @Instant('last_used_at', { nullable: true })
  lastUsedAt!: Date | null;

  @Line('created_by', 128)
  createdBy!: string;

  @Instant('created_at')
  createdAt!: Date;
}
