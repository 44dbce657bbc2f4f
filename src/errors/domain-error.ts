import type { ErrorCode } from './catalogue.js';

/** One field of a refused request. Never carries the value: it may be a secret. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/**
 * An outcome that the domain knows. Services throw subclasses of it; only the problem filter turns
 * the code into a status.
 */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfter?: number;
  readonly fields?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;

  /** @param detail one sentence for the caller that says what to do next; never a secret */
  constructor(
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = new.target.name;
  }
}
