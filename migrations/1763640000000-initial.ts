import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { appendOnly, dropAppendOnly } from './1763640000000-append-only.js';

/**
 * Written with the Table API and portable types alone, every key and index named, so that one file serves both
 * databases and leaves no difference between them and the entities (test/api/database.test.ts).
 */

type Options = Partial<TableColumnOptions>;

const line = (name: string, length: number, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: String(length),
  ...options,
});
const reference = (name: string, options: Options = {}) => line(name, 36, options);
const text = (name: string, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'text',
  ...options,
});
const bigint = (name: string, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'bigint',
  ...options,
});
const whole = (name: string, options: Options = {}): TableColumnOptions => ({
  name,
  type: 'integer',
  ...options,
});
const optional = { isNullable: true } as const;
const zero = { default: '0' } as const;

const primary = (table: string, column: TableColumnOptions): TableColumnOptions => ({
  ...column,
  isPrimary: true,
  primaryKeyConstraintName: `pk_${table}`,
});
const id = (table: string) => primary(table, reference('id'));

const index = (table: string, ...columnNames: string[]) => ({
  name: `ix_${table}_${columnNames.join('_')}`,
  columnNames,
});
const unique = (table: string, ...columnNames: string[]) => ({
  name: `uq_${table}_${columnNames.join('_')}`,
  columnNames,
  isUnique: true,
});
/** Of few rows among many: it costs the others nothing. */
const partial = (table: string, name: string, where: string, ...columnNames: string[]) => ({
  name: `ix_${table}_${name}`,
  columnNames,
  where,
});
const foreign = (table: string, column: string, other: string, onDelete = 'NO ACTION') => ({
  name: `fk_${table}_${column}`,
  columnNames: [column],
  referencedTableName: other,
  referencedColumnNames: ['id'],
  onDelete,
});

/** In the order of their making; dropped the other way round. */
const tables = (isPostgres: boolean): Table[] => {
  const flag = (name: string): TableColumnOptions => ({
    name,
    type: 'boolean',
    default: isPostgres ? 'false' : '0',
  });
  return [
    new Table({
      name: 'settings',
      columns: [primary('settings', line('name', 64)), text('value')],
    }),
    new Table({
      name: 'users',
      columns: [
        id('users'),
        line('username', 64),
        line('username_key', 128),
        line('password_hash', 255),
        line('role', 16),
        flag('disabled'),
        line('totp_secret', 512, optional),
        line('totp_pending', 512, optional),
        bigint('totp_last_step', optional),
        line('passkey_handle', 43),
        whole('passkeys', zero),
        bigint('created_at'),
      ],
      indices: [unique('users', 'username_key')],
    }),
    new Table({
      name: 'passkeys',
      columns: [
        id('passkeys'),
        reference('user_id'),
        line('credential_id', 1364),
        text('public_key'),
        bigint('counter'),
        line('transports', 255),
        flag('backed_up'),
        line('name', 100),
        bigint('created_at'),
        bigint('last_used_at', optional),
      ],
      indices: [unique('passkeys', 'credential_id'), index('passkeys', 'user_id')],
      foreignKeys: [foreign('passkeys', 'user_id', 'users', 'CASCADE')],
    }),
    new Table({
      name: 'passkey_challenges',
      columns: [
        primary('passkey_challenges', line('hash', 64)),
        line('purpose', 16),
        line('session', 64, optional),
        bigint('expires_at'),
      ],
      indices: [index('passkey_challenges', 'session'), index('passkey_challenges', 'expires_at')],
    }),
    new Table({
      name: 'recovery_codes',
      columns: [id('recovery_codes'), reference('user_id'), line('hash', 255)],
      indices: [index('recovery_codes', 'user_id')],
      foreignKeys: [foreign('recovery_codes', 'user_id', 'users', 'CASCADE')],
    }),
    new Table({
      name: 'sessions',
      columns: [
        primary('sessions', line('hash', 64)),
        reference('user_id'),
        whole('aal'),
        line('address', 64),
        line('agent', 255),
        bigint('began_at'),
        bigint('seen_at'),
      ],
      indices: [index('sessions', 'user_id'), index('sessions', 'seen_at')],
      foreignKeys: [foreign('sessions', 'user_id', 'users', 'CASCADE')],
    }),
    new Table({
      name: 'auth_failures',
      columns: [
        primary('auth_failures', line('subject', 64)),
        whole('failures'),
        bigint('blocked_until'),
        bigint('last_at'),
      ],
      indices: [index('auth_failures', 'last_at')],
    }),
    new Table({
      name: 'api_keys',
      columns: [
        id('api_keys'),
        line('name', 100),
        line('hash', 64),
        line('scopes', 255),
        bigint('expires_at', optional),
        bigint('last_used_at', optional),
        line('created_by', 128),
        bigint('created_at'),
      ],
      indices: [unique('api_keys', 'hash')],
    }),
    new Table({
      name: 'platforms',
      columns: [
        id('platforms'),
        line('name', 63),
        line('title', 200),
        bigint('max_upload_bytes', optional),
        whole('token_attempts', optional),
        whole('token_lifetime', optional),
        bigint('quota_bytes', optional),
        whole('retention_days', optional),
        whole('archive_count', zero),
        bigint('archive_bytes', zero),
        bigint('created_at'),
        bigint('updated_at'),
      ],
      indices: [unique('platforms', 'name')],
    }),
    new Table({
      name: 'tickets',
      columns: [
        id('tickets'),
        line('number', 64),
        reference('platform_id'),
        text('note'),
        text('search'),
        text('filenames'),
        text('filenames_search'),
        flag('resolved'),
        line('created_by', 128),
        whole('archive_count', zero),
        bigint('archive_bytes', zero),
        bigint('created_at'),
        bigint('updated_at'),
      ],
      indices: [
        unique('tickets', 'number'),
        index('tickets', 'platform_id', 'id'),
        partial('tickets', 'waiting', 'archive_count = 0', 'resolved', 'id'),
      ],
      foreignKeys: [foreign('tickets', 'platform_id', 'platforms')],
    }),
    new Table({
      name: 'upload_tokens',
      columns: [
        id('upload_tokens'),
        reference('ticket_id'),
        line('hash', 64),
        whole('attempts_left'),
        whole('failures', zero),
        bigint('expires_at'),
        bigint('revoked_at', optional),
        line('created_by', 128),
        bigint('created_at'),
      ],
      indices: [
        unique('upload_tokens', 'hash'),
        index('upload_tokens', 'ticket_id', 'id'),
        index('upload_tokens', 'expires_at'),
        partial('upload_tokens', 'spent', 'attempts_left = 0', 'expires_at'),
        partial('upload_tokens', 'failing', 'failures > 0', 'failures'),
      ],
      foreignKeys: [foreign('upload_tokens', 'ticket_id', 'tickets', 'CASCADE')],
    }),
    new Table({
      name: 'uploads',
      columns: [
        id('uploads'),
        reference('token_id'),
        whole('instance'),
        line('idempotency_key', 128, optional),
        bigint('declared_bytes', optional),
        line('address', 64),
        bigint('began_at'),
        line('way', 8),
        reference('writer', optional),
        bigint('active_at', optional),
        bigint('proved_bytes', optional),
        line('filename', 255, optional),
        text('metadata', optional),
        line('sha256', 64, optional),
      ],
      indices: [
        unique('uploads', 'token_id', 'idempotency_key'),
        index('uploads', 'instance'),
        partial('uploads', 'held', "way <> 'tus' OR writer IS NOT NULL", 'id'),
        partial('uploads', 'left', "way = 'tus' AND writer IS NULL", 'active_at', 'id'),
      ],
      foreignKeys: [foreign('uploads', 'token_id', 'upload_tokens', 'CASCADE')],
    }),
    new Table({
      name: 'attempts',
      columns: [
        id('attempts'),
        reference('token_id'),
        line('outcome', 8),
        line('reason', 64, optional),
        line('way', 8),
        line('filename', 255, optional),
        bigint('bytes', optional),
        bigint('declared_bytes', optional),
        line('address', 64),
        bigint('began_at'),
        bigint('ended_at'),
      ],
      indices: [
        index('attempts', 'token_id', 'id'),
        index('attempts', 'outcome', 'id'),
        index('attempts', 'outcome', 'ended_at'),
      ],
      foreignKeys: [foreign('attempts', 'token_id', 'upload_tokens', 'CASCADE')],
    }),
    new Table({
      name: 'archives',
      columns: [
        id('archives'),
        reference('ticket_id'),
        reference('platform_id'),
        reference('token_id'),
        line('filename', 255),
        text('search'),
        bigint('size'),
        line('sha256', 64),
        line('md5', 32, optional),
        line('state', 16),
        line('sha256_claim', 16, optional),
        line('md5_claim', 16, optional),
        line('idempotency_key', 128, optional),
        bigint('uploaded_at'),
      ],
      indices: [
        index('archives', 'ticket_id', 'id'),
        index('archives', 'platform_id', 'id'),
        index('archives', 'uploaded_at', 'id', 'size'),
        partial(
          'archives',
          'troubled',
          "state = 'damaged' OR sha256_claim = 'mismatched' OR md5_claim = 'mismatched'",
          'id',
        ),
        index('archives', 'token_id', 'idempotency_key'),
      ],
      foreignKeys: [
        foreign('archives', 'ticket_id', 'tickets'),
        foreign('archives', 'platform_id', 'platforms'),
        foreign('archives', 'token_id', 'upload_tokens'),
      ],
    }),
    new Table({
      name: 'digest_claims',
      columns: [
        id('digest_claims'),
        reference('token_id'),
        line('filename', 255),
        line('algorithm', 8),
        line('digest', 64),
        reference('archive_id', optional),
        bigint('created_at'),
      ],
      indices: [
        unique('digest_claims', 'token_id', 'filename', 'algorithm'),
        index('digest_claims', 'created_at'),
      ],
      foreignKeys: [foreign('digest_claims', 'token_id', 'upload_tokens', 'CASCADE')],
    }),
    new Table({
      name: 'tombstones',
      columns: [primary('tombstones', reference('key')), bigint('created_at')],
    }),
    new Table({
      name: 'download_links',
      columns: [
        primary('download_links', line('hash', 64)),
        reference('archive_id'),
        reference('user_id'),
        bigint('expires_at'),
        bigint('used_at', optional),
      ],
      indices: [
        index('download_links', 'archive_id'),
        index('download_links', 'user_id'),
        index('download_links', 'expires_at'),
      ],
      foreignKeys: [
        foreign('download_links', 'archive_id', 'archives', 'CASCADE'),
        foreign('download_links', 'user_id', 'users', 'CASCADE'),
      ],
    }),
    new Table({
      name: 'audit_events',
      columns: [
        id('audit_events'),
        bigint('at'),
        line('actor_kind', 16),
        line('actor_id', 36, optional),
        line('actor_name', 128),
        line('action', 64),
        line('subject_kind', 32),
        line('subject_id', 64, optional),
        line('address', 64, optional),
        line('request_id', 128, optional),
        text('details'),
        line('mac', 64),
        bigint('seq', optional),
        line('hash', 64, optional),
      ],
      indices: [
        index('audit_events', 'action', 'id'),
        index('audit_events', 'subject_id', 'id'),
        unique('audit_events', 'seq'),
        partial('audit_events', 'unsealed', 'seq IS NULL', 'id'),
      ],
    }),
  ];
};

export class Initial1763640000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables(isPostgres(runner))) await runner.createTable(table);
    for (const statement of appendOnly(isPostgres(runner))) await runner.query(statement);
  }

  /** The triggers go with their table. */
  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables(isPostgres(runner)).reverse()) await runner.dropTable(table);
    if (isPostgres(runner)) await runner.query(dropAppendOnly);
  }
}

const isPostgres = (runner: QueryRunner): boolean => runner.dataSource.options.type === 'postgres';
