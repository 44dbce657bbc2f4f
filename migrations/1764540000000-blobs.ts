import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  bigint,
  index,
  line,
  optional,
  partial,
  primary,
  reference,
  whole,
} from './table-parts.js';

/** A row for each blob in the store. Those that are there are archives, whose rows say what they hold. */
export class Blobs1764540000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(blobs);
    await runner.query(
      'INSERT INTO blobs (key, owner_kind, owner_id, role, state, size, sha256) ' +
        "SELECT id, 'archive', id, 'original', state, size, sha256 FROM archives",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(blobs);
  }
}

const blobs = new Table({
  name: 'blobs',
  columns: [
    primary('blobs', reference('key')),
    line('owner_kind', 16),
    reference('owner_id'),
    line('role', 32),
    line('state', 8),
    bigint('size'),
    line('sha256', 64),
    whole('instance', optional),
  ],
  indices: [
    index('blobs', 'owner_id', 'role'),
    partial('blobs', 'not_stored', "state <> 'stored'", 'state'),
  ],
});
