import { DomainError } from '../../errors/domain-error.js';
import { UploadFault } from '../../http/transfer/transfer.errors.js';

/** What came of undoing an upload. */
export type Failed =
  | 'undone'
  /** Its row was gone already, and with it its bytes: the ticket was deleted while it ran. */
  | 'deleted'
  /** The archive was recorded after all (the commit's answer was lost): nothing is undone. */
  | 'stored'
  /** The database could not be asked, or another process has taken it over: nothing is undone here. */
  | 'unsettled';

/** A resumable upload was ended without an archive: by its client, or by us. */
export class UploadEnded extends Error {
  constructor(readonly reason: 'ended' | 'expired' | 'revoked') {
    super(reason);
  }
}

/** Whether it counts towards TOKEN_MAX_FAILURES. */
export const isItsFault = (cause: unknown): boolean =>
  cause instanceof UploadFault || (cause instanceof UploadEnded && cause.reason !== 'revoked');

/** In the audit. */
export const reasonOf = (cause: unknown): string => {
  if (cause instanceof UploadEnded) return cause.reason;
  return cause instanceof DomainError ? cause.code : 'internal-error';
};
