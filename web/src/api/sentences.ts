import { duration } from '../lib/format/format.js';
import { m } from '../paraglide/messages.js';
import type { Failure, FailureCode } from './problem.js';

/** What every failure is called in the reader's language; a new code of the API is missed here by the compiler. */
const sentences = {
  'validation-failed': m.failure_validation_failed,
  'file-missing': m.failure_file_missing,
  'too-many-files': m.failure_too_many_files,
  'multipart-malformed': m.failure_multipart_malformed,
  'cursor-invalid': m.failure_cursor_invalid,
  'request-malformed': m.failure_request_malformed,
  'credentials-missing': m.failure_credentials_missing,
  'token-unknown': m.failure_token_unknown,
  'login-failed': m.failure_login_failed,
  'session-expired': m.failure_session_expired,
  'api-key-unknown': m.failure_api_key_unknown,
  'metrics-token-unknown': m.failure_metrics_token_unknown,
  'setup-token-unknown': m.failure_setup_token_unknown,
  'second-factor-required': m.failure_second_factor_required,
  'second-factor-enrolment-required': m.failure_second_factor_enrolment_required,
  'role-insufficient': m.failure_role_insufficient,
  'scope-insufficient': m.failure_scope_insufficient,
  'session-required': m.failure_session_required,
  'cross-site-request': m.failure_cross_site_request,
  'not-found': m.failure_not_found,
  'method-not-allowed': m.failure_method_not_allowed,
  'upload-stalled': m.failure_upload_stalled,
  'ticket-exists': m.failure_ticket_exists,
  'platform-exists': m.failure_platform_exists,
  'platform-not-empty': m.failure_platform_not_empty,
  'user-exists': m.failure_user_exists,
  'last-admin': m.failure_last_admin,
  'last-second-factor': m.failure_last_second_factor,
  'job-not-dead': m.failure_job_not_dead,
  'upload-offset-mismatch': m.failure_upload_offset_mismatch,
  'token-expired': m.failure_token_expired,
  'token-exhausted': m.failure_token_exhausted,
  'token-revoked': m.failure_token_revoked,
  'tus-version-unsupported': m.failure_tus_version_unsupported,
  'body-too-large': m.failure_body_too_large,
  'upload-too-large': m.failure_upload_too_large,
  'quota-exceeded': m.failure_quota_exceeded,
  'content-type-unsupported': m.failure_content_type_unsupported,
  'precondition-failed': m.failure_precondition_failed,
  'range-not-satisfiable': m.failure_range_not_satisfiable,
  'digest-mismatch': m.failure_digest_mismatch,
  'file-empty': m.failure_file_empty,
  'code-invalid': m.failure_code_invalid,
  'passkey-invalid': m.failure_passkey_invalid,
  'idempotency-key-reused': m.failure_idempotency_key_reused,
  'request-in-progress': m.failure_request_in_progress,
  'upload-busy': m.failure_upload_busy,
  'ticket-resolved': m.failure_ticket_resolved,
  'token-locked': m.failure_token_locked,
  'rate-limited': m.failure_rate_limited,
  'headers-too-large': m.failure_headers_too_large,
  'checksum-mismatch': m.failure_checksum_mismatch,
  'internal-error': m.failure_internal_error,
  'archive-damaged': m.failure_archive_damaged,
  'shutting-down': m.failure_shutting_down,
  'database-unavailable': m.failure_database_unavailable,
  'storage-unavailable': m.failure_storage_unavailable,
  'too-many-uploads': m.failure_too_many_uploads,
  'storage-full': m.failure_storage_full,
  offline: m.failure_offline,
  'unreadable-answer': m.failure_unreadable_answer,
  'passkey-cancelled': m.failure_passkey_cancelled,
  'passkey-known': m.failure_passkey_known,
  'passkey-unusable': m.failure_passkey_unusable,
} as const satisfies Record<FailureCode, () => string>;

/** One sentence that says what to do next, and how long to wait where the service said so. */
export const sentenceOf = ({ code, retryAfterSeconds }: Failure): string => {
  // A code of a newer service that this page does not know yet.
  const sentence =
    (sentences[code] as (() => string) | undefined)?.() ?? m.failure_internal_error();
  if (retryAfterSeconds === null || retryAfterSeconds === 0) return sentence;
  return m.failure_retry_after({ sentence, wait: duration(retryAfterSeconds) });
};
