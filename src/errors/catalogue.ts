/**
 * Every error code that the API can answer with, its HTTP status and its title.
 * The codes are stable: a client may switch on them. `statusOf` is the only place where a code meets a status.
 */
const catalogue = {
  'validation-failed': [400, 'The request is not valid'],
  'file-missing': [400, 'The upload has no file'],
  'too-many-files': [400, 'The upload has more than one file'],
  'multipart-malformed': [400, 'The multipart body cannot be read'],
  'cursor-invalid': [400, 'The cursor is not one of ours'],
  'request-malformed': [400, 'The request is not well-formed HTTP'],
  'credentials-missing': [401, 'Credentials are missing'],
  'token-unknown': [401, 'The upload token is unknown'],
  'login-failed': [401, 'Signing in failed'],
  'session-expired': [401, 'The session has ended'],
  'api-key-unknown': [401, 'The API key is unknown'],
  'metrics-token-unknown': [401, 'The metrics token is unknown'],
  'setup-token-unknown': [401, 'The set-up link is not valid'],
  'second-factor-required': [403, 'The second factor is required'],
  'second-factor-enrolment-required': [403, 'A second factor must be enrolled first'],
  'role-insufficient': [403, 'The role does not allow this'],
  'scope-insufficient': [403, 'The API key lacks a scope'],
  'session-required': [403, 'Only a signed-in person may do this'],
  'cross-site-request': [403, 'The request comes from another site'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'Method not allowed'],
  'upload-stalled': [408, 'The upload stalled'],
  'ticket-exists': [409, 'The ticket exists already'],
  'platform-exists': [409, 'The platform exists already'],
  'platform-not-empty': [409, 'The platform has tickets'],
  'user-exists': [409, 'The user name is taken'],
  'last-admin': [409, 'The last admin cannot be removed'],
  'last-second-factor': [409, 'The last second factor cannot be removed'],
  'upload-offset-mismatch': [409, 'The upload goes on elsewhere'],
  'token-expired': [410, 'The upload token has expired'],
  'token-exhausted': [410, 'The upload token is used up'],
  'token-revoked': [410, 'The upload token was revoked'],
  'tus-version-unsupported': [412, 'The version of the tus protocol is not supported'],
  'body-too-large': [413, 'The request body is too large'],
  'upload-too-large': [413, 'The file is too large'],
  'quota-exceeded': [413, "The platform's quota is used up"],
  'content-type-unsupported': [415, 'The content type is not supported'],
  'range-not-satisfiable': [416, 'The range cannot be satisfied'],
  'digest-mismatch': [422, 'The digest does not match'],
  'file-empty': [422, 'The file is empty'],
  'code-invalid': [422, 'The code is not valid'],
  'passkey-invalid': [422, 'The passkey is not valid'],
  'idempotency-key-reused': [422, 'The idempotency key was used for another file'],
  'upload-busy': [423, 'Another request is sending this upload'],
  'ticket-resolved': [423, 'The ticket is resolved'],
  'token-locked': [423, 'The upload token is locked'],
  'rate-limited': [429, 'Too many requests'],
  'headers-too-large': [431, 'The request headers are too large'],
  // tus 1.0.0, "Checksum".
  'checksum-mismatch': [460, 'The checksum does not match'],
  'internal-error': [500, 'Something went wrong here'],
  'archive-damaged': [500, 'The stored archive is damaged'],
  'shutting-down': [503, 'The service is shutting down'],
  'database-unavailable': [503, 'The database is unavailable'],
  'storage-unavailable': [503, 'The storage is unavailable'],
  'too-many-uploads': [503, 'Too many uploads at once'],
  'storage-full': [507, 'The storage is full'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof catalogue;

export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];
export const statusOf = (code: ErrorCode): number => catalogue[code][0];
export const titleOf = (code: ErrorCode): string => catalogue[code][1];
