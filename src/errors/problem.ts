import { statusOf, titleOf } from './catalogue.js';
import type { ErrorCode } from './catalogue.js';
import type { DomainError, FieldError } from './domain-error.js';

/** The body of every error answer, `application/problem+json` (RFC 9457, section 3.1). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

export const problemOf = (error: DomainError, requestId: string): Problem => ({
  type: `urn:logs-collector:problem:${error.code}`,
  title: titleOf(error.code),
  status: statusOf(error.code),
  detail: error.detail,
  code: error.code,
  requestId,
  ...(error.fields ? { errors: error.fields } : {}),
});
