import { json } from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { RequestMalformed, ValidationFailed } from '../errors/errors.js';

const limitBytes = 64 * 1024;

/**
 * Reads JSON bodies, except on routes that take an archive, whose body is the archive whatever its type says.
 * @param deadlineMs a whole body must be here by then; Node's own requestTimeout is off because of long uploads
 */
export const jsonBody = (
  isUpload: (req: Request) => boolean,
  deadlineMs: number,
): RequestHandler => {
  const parse = json({ limit: limitBytes, strict: true });
  return (req: Request, res: Response, next: NextFunction): void => {
    if (isUpload(req) || !announcesBody(req)) return next();
    sendContinue(req, res);
    const timer = setTimeout(() => req.socket.destroy(), deadlineMs);
    parse(req, res, (cause?: unknown) => {
      clearTimeout(timer);
      next(isSyntaxError(cause) ? notJson() : isBrokenOff(cause) ? new RequestMalformed() : cause);
    });
  };
};

/** An empty one, too (RFC 9112, section 6). */
const announcesBody = ({ headers }: Request): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

// Trap: Nest turns a SyntaxError into an exception of its own before our filter sees it.
const isSyntaxError = (cause: unknown): boolean =>
  cause instanceof Error && 'type' in cause && cause.type === 'entity.parse.failed';

/** Its code is one that the database's errors have, too: it must not be blamed. */
const isBrokenOff = (cause: unknown): boolean =>
  cause instanceof Error && 'type' in cause && cause.type === 'request.aborted';

const notJson = (): ValidationFailed =>
  new ValidationFailed([], 'The body is not valid JSON; correct it and send it again.');

const expecting = new WeakSet<Request>();

/** The client waits for `100 Continue` before it sends its body (RFC 9110, section 10.1.1). */
export const expectContinue = (req: Request): void => {
  expecting.add(req);
};

/** Tells a waiting client to send its body; called when the body is going to be read, not before. */
export const sendContinue = (req: Request, res: Response): void => {
  if (expecting.delete(req)) res.writeContinue();
};
