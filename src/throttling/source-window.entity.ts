import { Entity, Index, PrimaryColumn } from 'typeorm';
import { Instant, Whole } from '../database/columns.js';

/** What one address tried in the minute that its first try began: kept, so that a restart forgets nothing. */
@Entity('source_windows')
@Index('ix_source_windows_ends_at', ['endsAt'])
export class SourceWindow {
  /** HMAC of what was tried from where, so that a stolen database lists no addresses. */
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_source_windows' })
  subject!: string;

  @Whole('tries')
  tries!: number;

  @Instant('ends_at')
  endsAt!: Date;
}
