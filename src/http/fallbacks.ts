import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { NotFoundException } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { statusOf, titleOf } from '../errors/catalogue.js';
import type { ErrorCode } from '../errors/catalogue.js';
import { MethodNotAllowed, NotFound } from '../errors/errors.js';
import type { Translator } from '../errors/problem.filter.js';
import { newId } from '../secrets/secrets.js';

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

/** What Node's parser refused never becomes a request; it is answered in the same form. */
export const answerClientError = (cause: Error & { code?: string }, socket: Socket): void => {
  if (!socket.writable || cause.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code: ErrorCode =
    cause.code === 'HPE_HEADER_OVERFLOW' ? 'headers-too-large' : 'request-malformed';
  const status = statusOf(code);
  const requestId = newId();
  const body = JSON.stringify({
    type: `urn:logs-collector:problem:${code}`,
    title: titleOf(code),
    status,
    detail: 'Send a well-formed HTTP request.',
    code,
    requestId,
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nX-Request-Id: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
  );
};
