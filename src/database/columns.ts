import { Column, PrimaryColumn } from 'typeorm';
import type { ColumnOptions, ValueTransformer } from 'typeorm';

/**
 * The portable column types: varchar, integer, bigint, text and boolean mean the same to SQLite and PostgreSQL.
 * Trap: PostgreSQL returns bigint as a string; transformers do not see query-builder parameters, so pass
 * epoch milliseconds there.
 */

const bytes: ValueTransformer = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

const instant: ValueTransformer = {
  to: (value: Date | null | undefined) => (value instanceof Date ? value.getTime() : value),
  from: (value: string | number | null) => (value === null ? null : new Date(Number(value))),
};

/** Primary key made by the program (see newId). */
export const Id = (table: string): PropertyDecorator =>
  PrimaryColumn({ type: 'varchar', length: 36, primaryKeyConstraintName: `pk_${table}` });

/** Reference to a row of another table. */
export const Reference = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'varchar', length: 36, name, ...options });

/** Moment, kept as epoch milliseconds. */
export const Instant = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'bigint', name, transformer: instant, ...options });

/** Count of bytes. */
export const Bytes = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'bigint', name, transformer: bytes, ...options });

export const Whole = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'integer', name, ...options });

export const Flag = (name: string): PropertyDecorator =>
  Column({ type: 'boolean', name, default: false });

export const Line = (
  name: string,
  length: number,
  options: ColumnOptions = {},
): PropertyDecorator => Column({ type: 'varchar', length, name, ...options });

export const LongText = (name: string, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'text', name, ...options });
