import { Entity, PrimaryColumn } from 'typeorm';
import { Instant } from '../../database/columns.js';

/** A blob whose record is gone and whose bytes have to go; removed after them. */
@Entity('tombstones')
export class Tombstone {
  @PrimaryColumn({ type: 'varchar', length: 36, primaryKeyConstraintName: 'pk_tombstones' })
  key!: string;

  @Instant('created_at')
  createdAt!: Date;
}
