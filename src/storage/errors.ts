import { DomainError } from '../errors/domain-error.js';
import { StorageFull, StorageUnavailable } from '../errors/errors.js';

/** Why a store does not serve us, for the operator: what it said, and what of ours may be wrong. Never a secret. */
export class StorageTrouble extends Error {
  constructor(
    readonly saw: string,
    readonly check: string,
    options?: ErrorOptions,
  ) {
    super(`${saw}; check ${check}`, options);
    this.name = 'StorageTrouble';
  }
}

/** The last is what Node calls those that it has no name for, such as EUCLEAN and EBADMSG of a broken file system. */
const systemCodes =
  /^(EIO|EROFS|ENOENT|ENOTDIR|ELOOP|EACCES|EPERM|ENXIO|ENODEV|ENODATA|ESTALE|EBUSY|EMFILE|ENFILE|ENOTCONN|Unknown system error.*)$/;

/** The disk or its file system has lost this very data, as opposed to one that is not to be reached just now. */
export const isMediaError = (cause: unknown): boolean =>
  cause instanceof Error &&
  'code' in cause &&
  /^(EIO|ENODATA|EILSEQ|Unknown system error)/.test(String(cause.code));

/** What a failure of the file system means to the caller; null where it is a fault of ours. */
export const storageProblem = (cause: unknown): DomainError | null => {
  if (!(cause instanceof Error) || !('code' in cause) || !('syscall' in cause)) return null;
  const code = String(cause.code);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StorageFull({ cause });
  return systemCodes.test(code) ? new StorageUnavailable({ cause }) : null;
};

/** Whether a system call failed with this code. */
export const isOneOf = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code;
export const isMissing = (cause: unknown): boolean => isOneOf(cause, 'ENOENT');
