import type { TableColumnOptions } from 'typeorm';

/** Portable parts of a table, every key and index named. */

type Options = Partial<TableColumnOptions>;

export const line = (name: string, length: number, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: String(length),
  ...options,
});
export const reference = (name: string, options: Options = {}) => line(name, 36, options);
export const text = (name: string, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'text',
  ...options,
});
export const bigint = (name: string, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'bigint',
  ...options,
});
export const whole = (name: string, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'integer',
  ...options,
});
/** False until said otherwise; the databases spell that default differently. */
export const flag = (name: string, isPostgres: boolean): TableColumnOptions => ({
  name,
  type: 'boolean',
  default: isPostgres ? 'false' : '0',
});

export const optional = { isNullable: true } as const;
export const zero = { default: '0' } as const;

export const primary = (table: string, column: TableColumnOptions): TableColumnOptions => ({
  ...column,
  isPrimary: true,
  primaryKeyConstraintName: `pk_${table}`,
});
export const id = (table: string) => primary(table, reference('id'));

export const index = (table: string, ...columnNames: string[]) => ({
  name: `ix_${table}_${columnNames.join('_')}`,
  columnNames,
});
export const unique = (table: string, ...columnNames: string[]) => ({
  name: `uq_${table}_${columnNames.join('_')}`,
  columnNames,
  isUnique: true,
});
/** Of few rows among many: it costs the others nothing. */
export const partial = (table: string, name: string, where: string, ...columnNames: string[]) => ({
  name: `ix_${table}_${name}`,
  columnNames,
  where,
});
export const foreign = (table: string, column: string, other: string, onDelete = 'NO ACTION') => ({
  name: `fk_${table}_${column}`,
  columnNames: [column],
  referencedTableName: other,
  referencedColumnNames: ['id'],
  onDelete,
});
