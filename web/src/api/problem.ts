import type { Problem } from './schema.js';

export type ProblemCode = Problem['code'];

/**
 * What can go wrong without an answer of the API: no network, something between that is not our service, or the
 * browser's own dialog for a passkey.
 */
export type FailureCode =
  | ProblemCode
  | 'offline'
  | 'unreadable-answer'
  | 'passkey-cancelled'
  | 'passkey-known'
  | 'passkey-unusable';

/** Everything that a call can fail with. Show it with `sentenceOf`. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly code: FailureCode,
    /** In English, as the service says it; empty where it said nothing. */
    readonly detail: string,
    readonly fields: NonNullable<Problem['errors']> = [],
    readonly retryAfterSeconds: number | null = null,
    readonly requestId: string | null = null,
  ) {
    super(detail || code);
  }

  /** What the service says about one field of a form; null where it has nothing against it. */
  of(field: string): string | null {
    return this.fields.find((error) => error.field === field)?.message ?? null;
  }
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;

/** RFC 9110, section 10.2.3: seconds, or a date. */
const secondsOf = (retryAfter: string | null, now: Date): number | null => {
  if (retryAfter === null) return null;
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : Math.ceil((Date.parse(retryAfter) - now.getTime()) / 1000);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
};

/** What an answer outside 2xx says. A proxy's page in between is no problem of ours: `unreadable-answer`. */
export const failureOf = async (response: Response, now: Date): Promise<Failure> => {
  const body: unknown = await response.json().catch(() => null);
  const retryAfter = secondsOf(response.headers.get('Retry-After'), now);
  if (!isProblem(body))
    return new Failure('unreadable-answer', `${response.status}`, [], retryAfter, null);
  return new Failure(body.code, body.detail, body.errors ?? [], retryAfter, body.requestId);
};
