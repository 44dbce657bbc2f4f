import { Entity, PrimaryColumn } from 'typeorm';
import { LongText } from './columns.js';

/** A value that the installation keeps, such as the store's id. */
@Entity('settings')
export class Setting {
  @PrimaryColumn({ type: 'varchar', length: 64, primaryKeyConstraintName: 'pk_settings' })
  name!: string;

  @LongText('value')
  value!: string;
}
