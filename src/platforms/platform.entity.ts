import { Entity, Index } from 'typeorm';
import { Bytes, Id, Instant, Line, Whole } from '../database/columns.js';

/** A product of the vendor. */
@Entity('platforms')
@Index('uq_platforms_name', ['name'], { unique: true })
export class Platform {
  @Id('platforms')
  id!: string;

  @Line('name', 63)
  name!: string;

  @Line('title', 200)
  title!: string;

  /** Largest upload; null takes MAX_UPLOAD_BYTES. */
  @Bytes('max_upload_bytes', { nullable: true })
  maxUploadBytes!: number | null;

  /** Attempts of a new token; null takes TOKEN_ATTEMPTS. */
  @Whole('token_attempts', { nullable: true })
  tokenAttempts!: number | null;

  /** Seconds; null takes TOKEN_LIFETIME. */
  @Whole('token_lifetime', { nullable: true })
  tokenLifetime!: number | null;

  /** Bytes that all archives of the platform may take together; null for no limit. */
  @Bytes('quota_bytes', { nullable: true })
  quotaBytes!: number | null;

  /** Days after which an archive is deleted; null keeps it. */
  @Whole('retention_days', { nullable: true })
  retentionDays!: number | null;

  /** Kept with each archive's transaction, so that the quota is one conditional update and nothing counts rows. */
  @Whole('archive_count', { default: 0 })
  archiveCount!: number;

  @Bytes('archive_bytes', { default: 0 })
  archiveBytes!: number;

  @Instant('created_at')
  createdAt!: Date;

  @Instant('updated_at')
  updatedAt!: Date;
}
