import { Failure } from '../../api/problem.js';
import type { FailureCode } from '../../api/problem.js';
import type { AttemptView } from '../../api/schema.js';
import { sentenceOf } from '../../api/sentences.js';
import { bytes, duration } from '../format/format.js';
import { m } from '../../paraglide/messages.js';

/** Said of a customer's upload, to an engineer: the API's own sentences speak to whoever sent it. */
const reasons: Readonly<Partial<Record<string, () => string>>> = {
  'upload-too-large': m.reason_too_large,
  'quota-exceeded': m.reason_quota,
  'storage-full': m.reason_storage_full,
  'file-missing': m.reason_no_file,
  'too-many-files': m.reason_many_files,
  'multipart-malformed': m.reason_malformed,
  'file-empty': m.reason_empty,
  'digest-mismatch': m.reason_digest,
  'checksum-mismatch': m.reason_digest,
  'upload-stalled': m.reason_stalled,
  'idempotency-key-reused': m.reason_key_reused,
  'validation-failed': m.reason_side_car,
  'ticket-resolved': m.reason_resolved,
  'token-revoked': m.reason_revoked,
  'token-unknown': m.reason_token_gone,
  'token-expired': m.reason_token_gone,
  'token-exhausted': m.reason_token_gone,
  'token-locked': m.reason_token_gone,
  'storage-unavailable': m.reason_storage,
  'database-unavailable': m.reason_database,
  'too-many-uploads': m.reason_busy,
  'shutting-down': m.reason_interrupted,
  'internal-error': m.reason_internal,
  // Not of the API's codes: how an upload ends that nobody waits for.
  revoked: m.reason_revoked,
  expired: m.reason_expired,
  interrupted: m.reason_interrupted,
};

type Ended = Pick<AttemptView, 'outcome' | 'reason' | 'bytes' | 'declaredBytes' | 'archiveId'>;

/** How far it came: `12 MB of 300 MB`; null where that is not known. */
export const howFar = ({ bytes: came, declaredBytes: of }: Ended): string | null => {
  if (came === null) return null;
  return of === null || of <= came
    ? bytes(came)
    : m.attempt_bytes_of({ bytes: bytes(came), total: bytes(of) });
};

const brokenOff = ({ bytes: came, declaredBytes: of }: Ended): string => {
  if (came === null) return m.attempt_broken_off();
  return of === null || of <= came
    ? m.attempt_broken_off_after({ bytes: bytes(came) })
    : m.attempt_broken_off_of({ bytes: bytes(came), total: bytes(of) });
};

/** Whether the outcome says already how far it came. */
export const isBrokenOff = ({ reason }: Pick<AttemptView, 'reason'>): boolean =>
  reason === 'request-malformed';

/** What came of an upload, and why, in a few words. */
export const outcomeInWords = (attempt: Ended): string => {
  const { outcome, reason } = attempt;
  if (outcome === 'under-way') return m.attempt_under_way();
  if (outcome === 'stored')
    return attempt.archiveId === null ? m.attempt_stored_gone() : m.attempt_stored();
  if (isBrokenOff(attempt)) return brokenOff(attempt);
  if (reason === 'ended') return m.attempt_ended();
  // One that this page has no words for says it as the API would have said it to the customer.
  const why = reasons[reason ?? 'internal-error']?.();
  return m.attempt_failed({ why: why ?? sentenceOf(new Failure(reason as FailureCode, '')) });
};

const ways = {
  form: m.way_form,
  put: m.way_put,
  post: m.way_post,
  tus: m.way_tus,
} as const satisfies Record<AttemptView['way'], () => string>;

export const wayInWords = (way: AttemptView['way']): string => ways[way]();

/** How long it took; null while it lasts, and for less than a second. */
export const howLong = ({
  beganAt,
  endedAt,
}: Pick<AttemptView, 'beganAt' | 'endedAt'>): string | null => {
  const seconds = Math.round((Date.parse(endedAt ?? beganAt) - Date.parse(beganAt)) / 1000);
  return seconds < 1 ? null : m.attempt_took({ duration: duration(seconds) });
};
