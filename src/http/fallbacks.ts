import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { NotFoundException } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { statusOf, titleOf } from '../errors/catalogue.js';
import type { ErrorCode } from '../errors/catalogue.js';
import { MethodNotAllowed, NotFound } from '../errors/errors.js';
import type { Translator } from '../errors/problem.filter.js';
import { newId } from '../secrets/secrets.js';
import { isAnswering } from './closing.js';

interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

const methodsAt = (layers: readonly Layer[], path: string): string[] => {
  const methods = layers
    .filter((layer) => layer.route && layer.match(path))
    .flatMap((layer) => Object.keys(layer.route?.methods ?? {}))
    .filter((method) => method !== '_all')
    .map((method) => method.toUpperCase());
  const all = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  return [...new Set(all)].sort();
};

/** What no route took: 405 with Allow where another method would be taken (RFC 9110, section 15.5.6), else 404. */
export const routeProblem =
  (app: NestExpressApplication): Translator =>
  (cause, req) => {
    if (!(cause instanceof NotFoundException)) return null;
    const express = app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
    const allowed = methodsAt(express.router.stack, req.path);
    return allowed.length > 0 ? new MethodNotAllowed(allowed) : new NotFound('address');
  };

/** Who was refused has so long to read why. */
const lingerMs = 3_000;

/** Answers on the bare connection in the form of the problem filter, and closes it. */
const endWith = (socket: Socket, code: ErrorCode, detail: string): void => {
  const status = statusOf(code);
  const requestId = newId();
  const body = JSON.stringify({
    type: `urn:logs-collector:problem:${code}`,
    title: titleOf(code),
    status,
    detail,
    code,
    requestId,
  });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy: no-referrer',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
};

/** What Node's parser refused never becomes a request; it is answered in the same form. */
export const answerClientError = (cause: Error & { code?: string }, socket: Socket): void => {
  if (!socket.writable || cause.code === 'ECONNRESET' || isAnswering(socket)) socket.destroy();
  else if (cause.code === 'HPE_HEADER_OVERFLOW')
    endWith(
      socket,
      'headers-too-large',
      'Send shorter headers: 16 KiB is the limit of all together.',
    );
  else endWith(socket, 'request-malformed', 'Send a well-formed HTTP request.');
};

/** Node hands CONNECT over without its parser, and would close without a word. */
export const answerConnect = (_req: IncomingMessage, socket: Socket): void => {
  socket.on('error', () => socket.destroy());
  endWith(socket, 'request-malformed', 'This is no proxy; ask the service itself.');
};
