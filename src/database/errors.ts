import { QueryFailedError } from 'typeorm';
import { withoutCredentials, withoutPasswords } from '../config/credentials.js';
import type { DatabaseTarget } from '../config/load-config.js';
import { DatabaseUnavailable, StorageFull } from '../errors/errors.js';
import type { DomainError } from '../errors/domain-error.js';

const codeOf = (cause: unknown): string => {
  const error: unknown = cause instanceof QueryFailedError ? cause.driverError : cause;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
};

/** A unique index or primary key refused the row, on either database. */
export const isUniqueViolation = (cause: unknown): boolean =>
  ['23505', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'].includes(codeOf(cause));

/** A row that is referred to has gone meanwhile, on either database. */
export const isForeignKeyViolation = (cause: unknown): boolean =>
  ['23503', 'SQLITE_CONSTRAINT_FOREIGNKEY'].includes(codeOf(cause));

/**
 * Of PostgreSQL also a statement or transaction that it ended (deadlock, time-out): trying again is right.
 * And what it says to a new connection: no such database or role, wrong password, none let in.
 */
const unreachable =
  /^(ECONN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|57P0|57014|25P03|40P01|40001|08|53300|28|3D000|55000|SQLITE_(BUSY|IOERR|CANTOPEN|READONLY|NOTADB|CORRUPT))/;
/** A wrong password, role or database name: waiting does not help. */
export const isLoginRefused = (cause: unknown): boolean => /^(28|3D000)/.test(codeOf(cause));

const unreachableText =
  /Connection terminated|timeout exceeded when trying to connect|Connection ended|not queryable|Driver not Connected|database connection is not open|Query runner already released/i;

/** SQLite says what failed, and neither of which file nor what to do; PostgreSQL, not what leads there. */
export class DatabaseNotOpened extends Error {
  /** @param named the variable that leads there; where it is not given, SQLite's file is in DATA_DIR */
  constructor(target: DatabaseTarget, named: string, cause: Error) {
    // Of several addresses of one host Node gives the code alone.
    const said = withoutPasswords(cause.message || codeOf(cause));
    super(
      target.kind === 'sqlite'
        ? `The database ${target.path} cannot be opened and written (${said}); is its volume there and writable, and the file whole? ${named} says where it is`
        : `${named} holds "${withoutCredentials(target.url)}", where the database cannot be used (${said}); it may hold the address of a PostgreSQL database that is there, with the name and password of a role that may make tables in it`,
      { cause },
    );
    this.name = 'DatabaseNotOpened';
  }
}

/** SQLite, where another process writes. */
export const isLocked = (cause: unknown): boolean => codeOf(cause).startsWith('SQLITE_BUSY');

/** SQLite, where a write finds no room: of the log that all connections map into memory it says so by other codes. */
export const isVolumeFull = (cause: unknown): boolean =>
  /^SQLITE_(FULL|IOERR_(SHMSIZE|SHMMAP|WRITE))$/.test(codeOf(cause));

/** What the database's own failure means to the caller; null where it is a fault of ours. */
export const databaseProblem = (cause: unknown): DomainError | null => {
  const code = codeOf(cause);
  if (isVolumeFull(cause) || code === '53100') return new StorageFull({ cause });
  if (unreachable.test(code) || (cause instanceof Error && unreachableText.test(cause.message)))
    return new DatabaseUnavailable({ cause });
  return null;
};

/** Whether the database, or the file system below it, said it; and not we. */
export const isOfDatabase = (cause: unknown): cause is Error =>
  cause instanceof Error && (cause instanceof QueryFailedError || databaseProblem(cause) !== null);
