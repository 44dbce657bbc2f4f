import { Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { User } from '../../auth/accounts/user.entity.js';
import { Instant, Reference } from '../../database/columns.js';
import { Archive } from '../archive.entity.js';

/** A link that downloads one archive once, for a workstation's curl. */
@Entity('download_links')
@Index('ix_download_links_archive_id', ['archiveId'])
@Index('ix_download_links_user_id', ['userId'])
@Index('ix_download_links_expires_at', ['expiresAt'])
export class DownloadLink {
  /** SHA-256 of the secret in the link. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_download_links' })
  hash!: string;

  @Reference('archive_id')
  archiveId!: string;

  @ManyToOne(() => Archive, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'archive_id', foreignKeyConstraintName: 'fk_download_links_archive_id' })
  archive?: Relation<Archive>;

  /** Who made it; the download is theirs in the audit. */
  @Reference('user_id')
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'fk_download_links_user_id' })
  user?: Relation<User>;

  @Instant('expires_at')
  expiresAt!: Date;

  @Instant('used_at', { nullable: true })
  usedAt!: Date | null;
}
