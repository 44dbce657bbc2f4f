import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  bigint,
  id,
  index,
  line,
  optional,
  partial,
  primary,
  text,
  unique,
  whole,
} from './table-parts.js';

/** Work to do after a transaction, and when work by the clock is due. */
export class Jobs1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.createTable(table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.dropTable(table);
  }
}

const tables = [
  new Table({
    name: 'jobs',
    columns: [
      id('jobs'),
      line('kind', 64),
      line('subject', 64, optional),
      text('payload'),
      line('state', 8),
      bigint('due_at'),
      whole('attempts'),
      line('lease', 36, optional),
      whole('slot', optional),
      line('last_error', 500, optional),
      bigint('created_at'),
    ],
    indices: [
      partial('jobs', 'kind_due_at', "state <> 'dead'", 'kind', 'due_at'),
      index('jobs', 'state', 'id'),
      unique('jobs', 'kind', 'slot'),
    ],
  }),
  new Table({
    name: 'periodic_work',
    columns: [primary('periodic_work', line('name', 64)), bigint('due_at')],
  }),
];
