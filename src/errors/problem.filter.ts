import { Catch, HttpException, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { statusOf } from './catalogue.js';
import { DomainError } from './domain-error.js';
import { BodyTooLarge, InternalError, RequestMalformed, ValidationFailed } from './errors.js';
import { problemOf } from './problem.js';

/** Recognises a failure of a part below (database, storage); null where it is not its own. */
export type Translator = (cause: unknown, req: Request) => DomainError | null;

/** Errors of body-parser and of Express's router carry a type or a status. */
const requestProblem: Translator = (cause) => {
  if (cause instanceof URIError) return new RequestMalformed();
  if (!(cause instanceof Error)) return null;
  const { type, status } = cause as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large') return new BodyTooLarge();
  if (type === 'request.aborted' || status === 400) return new RequestMalformed();
  if (typeof type === 'string' && typeof status === 'number' && status < 500)
    return new ValidationFailed([], 'Send the body as plain UTF-8 JSON.');
  return null;
};

/** Nest's own refusals; ours are DomainErrors. */
const nestProblem: Translator = (cause) =>
  cause instanceof HttpException && cause.getStatus() < 500 ? new RequestMalformed() : null;

/** The one place that turns what was thrown into an answer: `application/problem+json` (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('Problem');

  constructor(private readonly translators: readonly Translator[]) {}

  catch(cause: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const res = http.getResponse<Response>();
    const error = this.translate(cause, http.getRequest<Request>());
    if (statusOf(error.code) >= 500) this.report(error, cause);
    // The answer has begun: all that is left is to break it off, so that nobody takes it for whole.
    if (res.headersSent) {
      res.destroy();
      return;
    }
    for (const name of res.getHeaderNames())
      if (/^(content-(?!security)|etag|repr-digest|accept-ranges|location)/.test(name))
        res.removeHeader(name);
    // RFC 9110, section 11.6.1: a 401 names a way to authenticate.
    if (statusOf(error.code) === 401)
      res.setHeader('WWW-Authenticate', 'Bearer realm="logs-collector"');
    for (const [name, value] of Object.entries(error.headers ?? {})) res.setHeader(name, value);
    // Who sends a header of ours is a program: the challenge for Basic would make a browser ask its user for a password.
    if (statusOf(error.code) === 401 && http.getRequest<Request>().get('upload-token')?.trim())
      res.setHeader('WWW-Authenticate', 'Bearer realm="upload token"');
    if (error.retryAfter !== undefined) res.setHeader('Retry-After', String(error.retryAfter));
    res.setHeader('Cache-Control', 'no-store');
    res
      .status(statusOf(error.code))
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(error, String(res.getHeader('X-Request-Id') ?? ''))));
  }

  private translate(cause: unknown, req: Request): DomainError {
    if (cause instanceof DomainError) return cause;
    for (const translate of [...this.translators, requestProblem, nestProblem]) {
      const error = translate(cause, req);
      if (error) return error;
    }
    return new InternalError({ cause });
  }

  /** What we decide ourselves (too many uploads, shutting down) is told without a stack. */
  private report(error: DomainError, cause: unknown): void {
    if (error === cause && error.cause === undefined)
      this.log.warn({ event: 'http.refused', code: error.code });
    else this.log.error({ event: 'http.failed', code: error.code, err: cause });
  }
}
