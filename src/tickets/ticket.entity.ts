import { Entity, Index, JoinColumn, ManyToOne } from 'typeorm';
import type { Relation } from 'typeorm';
import { Bytes, Flag, Id, Instant, Line, LongText, Reference, Whole } from '../database/columns.js';
import { Platform } from '../platforms/platform.entity.js';

/** A case in the vendor's help desk. */
@Entity('tickets')
@Index('uq_tickets_number', ['number'], { unique: true })
@Index('ix_tickets_platform_id_id', ['platformId', 'id'])
@Index('ix_tickets_waiting', ['resolved', 'id'], { where: 'archive_count = 0' })
export class Ticket {
  @Id('tickets')
  id!: string;

  @Line('number', 64)
  number!: string;

  @Reference('platform_id')
  platformId!: string;

  @ManyToOne(() => Platform, { nullable: false })
  @JoinColumn({ name: 'platform_id', foreignKeyConstraintName: 'fk_tickets_platform_id' })
  platform?: Relation<Platform>;

  @LongText('note')
  note!: string;

  /** Number and note, folded for searching (search.ts). */
  @LongText('search')
  search!: string;

  /** Names of its archives as they were sent (filenames.policy.ts). It may be long: loaded only where it is asked for. */
  @LongText('filenames', { select: false })
  filenames?: string;

  /** The same, folded for searching. */
  @LongText('filenames_search', { select: false })
  filenamesSearch?: string;

  @Flag('resolved')
  resolved!: boolean;

  /** Name of who made it, kept when the account goes. */
  @Line('created_by', 128)
  createdBy!: string;

  @Whole('archive_count', { default: 0 })
  archiveCount!: number;

  @Bytes('archive_bytes', { default: 0 })
  archiveBytes!: number;

  @Instant('created_at')
  createdAt!: Date;

  @Instant('updated_at')
  updatedAt!: Date;
}
