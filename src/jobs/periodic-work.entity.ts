import { Entity, PrimaryColumn } from 'typeorm';
import { Instant } from '../database/columns.js';

/** When work that one process does for all is due again. */
@Entity('periodic_work')
export class PeriodicWork {
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_periodic_work' })
  name!: string;

  @Instant('due_at')
  dueAt!: Date;
}
