import { Entity, Index, PrimaryColumn } from 'typeorm';
import { Bytes, Line, Reference, Whole } from '../../database/columns.js';
import type { BlobKey } from '../blob-store.js';

/** What blobs can belong to. */
export type OwnerKind = 'archive';

/**
 * 'coming': its bytes are being written, or were when their process died. 'damaged': they are missing or changed, and
 * nobody is given them.
 */
export type BlobState = 'coming' | 'stored' | 'damaged';

/** The bytes that were sent; everything else is derived from them. */
export const original = 'original';

/**
 * A blob in the store: whose it is, what for, and what it must hold. A key in the store without its row here belongs to
 * an upload under way or a deletion under way, or to nobody.
 */
@Entity('blobs')
@Index('ix_blobs_owner_id_role', ['ownerId', 'role'])
@Index('ix_blobs_not_stored', ['state'], { where: "state <> 'stored'" })
export class BlobRecord {
  @PrimaryColumn({ type: 'varchar', length: 36, primaryKeyConstraintName: 'pk_blobs' })
  key!: BlobKey;

  @Line('owner_kind', 16)
  ownerKind!: OwnerKind;

  @Reference('owner_id')
  ownerId!: string;

  /** What its owner has it for: 'original', or a derived one's name. */
  @Line('role', 32)
  role!: string;

  @Line('state', 8)
  state!: BlobState;

  /** 0 while it is coming. */
  @Bytes('size')
  size!: number;

  /** Lower-case hex; empty while it is coming. */
  @Line('sha256', 64)
  sha256!: string;

  /** The process that writes it, while it is coming. */
  @Whole('instance', { nullable: true })
  instance!: number | null;
}
