import type { S3ServiceException } from '@aws-sdk/client-s3';
import { DomainError } from '../../errors/domain-error.js';
import { StorageFull, StorageUnavailable } from '../../errors/errors.js';
import { NotAStore } from '../blob-store.js';
import { StorageTrouble } from '../errors.js';

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

const keys =
  'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role in their place (with AWS_SESSION_TOKEN where it has one)';
const address = 'region and endpoint in STORAGE_URL';

/** What an answer that is none of success says of our configuration. */
const toCheck = (status: number, code: string): string => {
  if (code === 'RequestTimeTooSkewed') return 'the clock of this machine';
  if (code === 'NoSuchBucket')
    return `the bucket in STORAGE_URL, which has to be there already, and ${address}`;
  if (status === 401 || status === 403)
    return `${keys}; and what the policy allows them on the bucket and the prefix in STORAGE_URL (s3:ListBucket too)`;
  if (status >= 500 || status === 429)
    return 'the store itself: uploads work again as soon as it does';
  return `bucket, ${address}`;
};

/** @returns the cause in words; itself where it says enough or is a fault of ours */
export const inWords = (cause: unknown): unknown => {
  if (!(cause instanceof Error)) return cause;
  const status = statusOf(cause);
  if (status > 0) {
    // The answer to a HEAD has no body, and so no code.
    const code = /^(Unknown(Error)?|\d+)$/.test(cause.name) ? '' : cause.name;
    const saw = `S3 answers ${[status, code].join(' ').trim()}`;
    return new StorageTrouble(saw, toCheck(status, code), { cause });
  }
  if (cause.name === 'CredentialsProviderError')
    return new StorageTrouble('there are no credentials for S3', keys, { cause });
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  if (!unreached.test(code)) return cause;
  const isTls = /CERT|SSL|EPROTO|SELF_SIGNED/.test(code);
  const said = cause.message.replace(/\s+/g, ' ').trim();
  return new StorageTrouble(
    code === 'EPROTO'
      ? 'S3 is not reached: no TLS is spoken there (EPROTO)'
      : // Of several addresses that were tried it says nothing but the code.
        `S3 is not reached: ${said.includes(code) ? said : `${code} ${said}`.trim()}`,
    isTls
      ? `${address}, http or https, and whether its certificate is trusted here (NODE_EXTRA_CA_CERTS)`
      : `${address}, its name in the DNS, the firewall between, and whether the store runs`,
    { cause },
  );
};

/** Of a store that takes small objects and gives them back. */
export const copiesNoParts = (cause: unknown): StorageTrouble => {
  const why = inWords(cause);
  const said = why instanceof StorageTrouble ? why.saw : why instanceof Error ? why.message : '';
  return new StorageTrouble(
    `UploadPartCopy does not work (${said}): resumable uploads of more than 8 MiB would fail at their end`,
    'whether the store knows UploadPartCopy, and whether the policy allows s3:GetObject and s3:PutObject below the prefix; else another store',
    { cause },
  );
};

/** As the system, TLS and the SDK name it. */
const unreached =
  /^(E(CONN|NOTFOUND|AI_|HOST|NET|PIPE|TIMEDOUT|PROTO).*|.*CERT.*|.*SELF_SIGNED.*|ERR_(SSL|TLS).*|TimeoutError)$/;

/** It was answered, and not by a fault of the store's: asking in another way tells more. */
export const isRefusal = (cause: unknown): boolean =>
  cause instanceof DomainError || (statusOf(cause) >= 300 && statusOf(cause) < 500);

const full = /^(QuotaExceeded|.*StorageFull|InsufficientStorage|InsufficientCapacity)$/;

/**
 * What a failure of the store means to the caller. All that it says and all that keeps us from reaching it is the
 * storage's fault, never the caller's: whatever we send it is ours.
 */
export const s3Problem = (cause: unknown): DomainError => {
  if (cause instanceof DomainError) return cause;
  return full.test(answered(cause)?.name ?? '') || statusOf(cause) === 507
    ? new StorageFull({ cause: inWords(cause) })
    : new StorageUnavailable({ cause: inWords(cause) });
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
