import type { S3ServiceException } from '@aws-sdk/client-s3';
import { DomainError } from '../../errors/domain-error.js';
import { StorageFull, StorageUnavailable } from '../../errors/errors.js';
import { NotAStore } from '../blob-store.js';

/** Not `instanceof`: that would load the SDK's classes where somebody only asks. */
const answered = (cause: unknown): S3ServiceException | null =>
  cause instanceof Error && '$metadata' in cause ? (cause as S3ServiceException) : null;

const statusOf = (cause: unknown): number => answered(cause)?.$metadata.httpStatusCode ?? 0;

/** There is no such object. A HEAD says no more than 404, also where the bucket itself is gone. */
export const isMissing = (cause: unknown): boolean =>
  statusOf(cause) === 404 &&
  !['NoSuchBucket', 'NoSuchUpload'].includes(answered(cause)?.name ?? '');

export const isUploadMissing = (cause: unknown): boolean =>
  answered(cause)?.name === 'NoSuchUpload';

/** The object is another one than that which was opened. */
export const isOther = (cause: unknown): boolean => [412, 416].includes(statusOf(cause));

const full = /^(QuotaExceeded|.*StorageFull|InsufficientStorage|InsufficientCapacity)$/;

/**
 * What a failure of the store means to the caller. All that it says and all that keeps us from reaching it is the
 * storage's fault, never the caller's: whatever we send it is ours.
 */
export const s3Problem = (cause: unknown): DomainError => {
  if (cause instanceof DomainError) return cause;
  return full.test(answered(cause)?.name ?? '') || statusOf(cause) === 507
    ? new StorageFull({ cause })
    : new StorageUnavailable({ cause });
};

/**
 * Somebody removed the blob while it was still being written. Looks as the file system's does, so that whoever deletes
 * a ticket under an upload finds the same on either store (storage/errors.ts).
 */
export class RemovedMeanwhile extends Error {
  readonly code = 'ENOENT';
  readonly syscall = 'complete';
  constructor(options?: ErrorOptions) {
    super('the upload was removed meanwhile', options);
    this.name = 'RemovedMeanwhile';
  }
}

/** Runs it; what it throws says what it means to the caller. */
export const translated = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (cause) {
    const isSaid = [RemovedMeanwhile, NotAStore, TypeError].some((kind) => cause instanceof kind);
    throw isSaid ? cause : s3Problem(cause);
  }
};
