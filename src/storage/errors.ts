import { DomainError } from '../errors/domain-error.js';
import { StorageFull, StorageUnavailable } from '../errors/errors.js';

const systemCodes =
  /^(EIO|EROFS|ENOENT|ENOTDIR|EACCES|EPERM|ENXIO|ENODEV|ESTALE|EBUSY|EMFILE|ENFILE|ENOTCONN)$/;

/** What a failure of the file system means to the caller; null where it is a fault of ours. */
export const storageProblem = (cause: unknown): DomainError | null => {
  if (!(cause instanceof Error) || !('code' in cause) || !('syscall' in cause)) return null;
  const code = String(cause.code);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StorageFull({ cause });
  return systemCodes.test(code) ? new StorageUnavailable({ cause }) : null;
};
