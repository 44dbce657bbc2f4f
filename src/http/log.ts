import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { pino, stdTimeFunctions } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { secretPattern } from '../secrets/secrets.js';
import { currentRequest } from './request-context.js';

/**
 * An error with its causes, by name, message, code and stack. Nothing else of it: the database's errors carry the
 * statement's parameters, which are hashes, notes and names.
 */
const loggedError = (cause: unknown): unknown => {
  if (!(cause instanceof Error)) return String(cause);
  const { name, message, stack } = cause;
  const code = 'code' in cause ? { code: cause.code } : {};
  const inner = cause.cause === undefined ? {} : { cause: loggedError(cause.cause) };
  return { type: name, message, ...code, stack, ...inner };
};

/** One JSON line an event on standard output, with the request's id. */
export const createLog = (level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: loggedError },
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const request = currentRequest();
        return request ? { requestId: request.requestId, address: request.address } : {};
      },
      // The last line of defence: no code hands a secret to the log, and what looks like one is masked all the same.
      hooks: { streamWrite: (line) => line.replace(secretPattern, '[secret]') },
    },
    destination ?? process.stdout,
  );

/** What Nest says of its own start is of use to developers only. */
const frameworkContexts = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

type NestLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Lets Nest's `Logger` write through pino. An object is an event with fields; an Error keeps its stack. */
export class JsonLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log = (message: unknown, ...rest: unknown[]): void =>
    this.write(frameworkContexts.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  error = (message: unknown, ...rest: unknown[]): void => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]): void => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]): void => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]): void => this.write('fatal', message, rest);

  private write(level: NestLevel, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const fields = typeof context === 'string' ? { context } : {};
    // Nest hands a stack as the argument before the context.
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};
    if (message instanceof Error) this.pino[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'object') this.pino[level]({ ...fields, ...stack, ...message });
    else
      this.pino[level](
        { ...fields, ...stack },
        typeof message === 'string' ? message : inspect(message),
      );
  }
}

/** `PUT /api/v1/archives/:filename`: the pattern, never the path, which holds names and may hold a misplaced secret. */
const routeOf = (req: Request): string => {
  const route: unknown = (req as { route?: { path?: unknown } }).route?.path;
  return typeof route === 'string' ? route : 'none';
};

/** One line a request, when its answer has ended or broken off. */
export const accessLog =
  (log: Logger) =>
  (req: Request, res: Response, next: NextFunction): void => {
    const begun = process.hrtime.bigint();
    const context = currentRequest();
    res.once('close', () => {
      const route = routeOf(req);
      const level = route.startsWith('/health') || route.endsWith('/health') ? 'debug' : 'info';
      log[level]({
        event: 'http.request',
        // A connection that breaks ends the request from outside of it.
        ...context,
        method: req.method,
        route,
        // Without an answer there is none.
        ...(res.headersSent ? { status: res.statusCode } : {}),
        ...(res.writableFinished ? {} : { aborted: true }),
        durationMs: Math.round(Number(process.hrtime.bigint() - begun) / 1e6),
      });
    });
    next();
  };
