import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { statusOf } from '../../src/errors/catalogue.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import type { Problem } from '../../src/errors/problem.js';

/** An answer, of supertest or of `send`. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed JSON; null where the answer is none. */
  // Tests read what they expect: a wrong guess fails the test.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

export interface Sending {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** A stream is sent as it flows, chunked unless the headers say a length. */
  readonly body?: Buffer | string | Readable;
}

/** One request on a connection of its own. An answer that comes while the body is still being sent counts. */
export const send = (url: string, { method, headers = {}, body }: Sending): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const req = request(url, { method, headers, agent: false });
    let answered = false;
    req.on('response', (res) => {
      answered = true;
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('error', reject);
      res.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, body: json(text) });
        req.destroy();
      });
    });
    // The server may close on a body it does not want.
    req.on('error', (cause) => {
      if (!answered) reject(cause);
    });
    if (body instanceof Readable) {
      body.once('error', (cause) => req.destroy(cause));
      body.pipe(req);
    } else req.end(body);
  });

/** Checks an error answer whole: its status, media type, request id and code (RFC 9457). */
export const expectProblem = (
  { status, headers, text }: Pick<Answer, 'status' | 'headers' | 'text'>,
  code: ErrorCode,
): Problem => {
  const problem = json(text) as Problem;
  expect(problem).toMatchObject({ code, status: statusOf(code) });
  expect(status).toBe(problem.status);
  expect(headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
  expect(problem.requestId).toBe(headers['x-request-id']);
  expect(problem).toEqual({
    ...problem,
    type: expect.stringContaining(code) as string,
    title: expect.stringMatching(/./) as string,
    detail: expect.stringMatching(/[.?]$/) as string,
  });
  return problem;
};

/** A connection of one's own, for what no client would send. */
export interface RawSocket {
  write(bytes: string | Buffer): void;
  /** Resolves with everything received once it matches. @throws Error when the server closes before */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything received when the server has closed, or reset, the connection. */
  closed(): Promise<string>;
  /** Breaks the connection off, with a reset. */
  reset(): void;
  /** Ends this side only. */
  end(): void;
}

export const rawSocket = async (url: string): Promise<RawSocket> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received = '';
  let isClosed = false;
  const looks = new Set<() => void>();
  const changed = () => [...looks].forEach((look) => look());
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    changed();
  });
  const close = () => {
    isClosed = true;
    changed();
  };
  socket.on('end', close).on('close', close).on('error', close);
  const when = (ready: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (ready()) resolve(received);
        else if (isClosed) reject(new Error(`the connection closed after:\n${received}`));
        else return;
        looks.delete(look);
      };
      looks.add(look);
      look();
    });
  return {
    write: (bytes) => void socket.write(bytes),
    until: (pattern) => when(() => pattern.test(received)),
    closed: () => when(() => isClosed),
    reset: () => void socket.resetAndDestroy(),
    end: () => void socket.end(),
  };
};
