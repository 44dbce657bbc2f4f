import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** A body that is sent as the check wants it. */
export interface BodyWriter {
  /** Resolves when the system took it, or the exchange is over. */
  write(bytes: Buffer): Promise<void>;
  /** Resolves early when the exchange is over. */
  pause(ms: number): Promise<void>;
  readonly isOver: boolean;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The request is left without a body's end where this is not given and a length was declared. */
  readonly send?: (body: BodyWriter) => Promise<void>;
  /** After so long without the answer's end it is given up. */
  readonly patienceMs: number;
  /** Reads nothing of the answer's body for so long, and then until it has seen enough. */
  readonly late?: { readonly ms: number; readonly hasEnough: (text: string) => boolean };
  /** False where the certificate was found wanting already. */
  readonly isVerified: boolean;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** When its pieces came, after the request began. */
  readonly pieces: readonly { readonly atMs: number; readonly text: string }[];
  /** The answer broke off in its middle. */
  readonly isCut: boolean;
  /** Our own end of the connection. */
  readonly own: { readonly address: string; readonly port: number };
  readonly beganAt: number;
  readonly afterMs: number;
}

export type Outcome =
  | Answered
  /** The connection was refused, or broke before an answer. */
  | { readonly kind: 'broken'; readonly code: string; readonly afterMs: number }
  /** Neither an answer nor an end within our patience. */
  | { readonly kind: 'silent'; readonly afterMs: number };

const mostText = 256 * 1024;

const writerFor = (
  request: ReturnType<typeof httpRequest>,
  over: Promise<void>,
  isOver: () => boolean,
): BodyWriter => ({
  get isOver() {
    return isOver();
  },
  write: (bytes) =>
    Promise.race([
      over,
      new Promise<void>((resolve) => {
        if (isOver()) return resolve();
        request.write(bytes, () => resolve());
      }),
    ]),
  pause: async (ms) => {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([over, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
    clearTimeout(timer);
  },
});

/** One request on a connection of its own, whose every moment is seen. Never throws. */
export const exchange = (asked: Asked): Promise<Outcome> =>
  new Promise((resolve) => {
    const beganAt = Date.now();
    const elapsed = (): number => Date.now() - beganAt;
    let isOver = false;
    let tellOver: () => void = () => undefined;
    const over = new Promise<void>((told) => (tellOver = told));
    let own = { address: '', port: 0 };
    let hasAnswer = false;

    const make = asked.url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = make(asked.url, {
      method: asked.method,
      headers: asked.headers,
      agent: false,
      rejectUnauthorized: asked.isVerified,
    });
    const end = (outcome: Outcome): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(patience);
      tellOver();
      request.destroy();
      resolve(outcome);
    };
    const patience = setTimeout(
      () => end({ kind: 'silent', afterMs: elapsed() }),
      asked.patienceMs,
    );

    request.on('socket', (socket) => {
      socket.setNoDelay(true);
      socket.once('connect', () => {
        own = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
      });
    });
    // Who answered early may reset what we still send: the answer counts.
    request.on('error', (cause: NodeJS.ErrnoException) => {
      if (!hasAnswer)
        end({ kind: 'broken', code: cause.code ?? cause.message, afterMs: elapsed() });
    });
    request.on('response', (answer: IncomingMessage) => {
      hasAnswer = true;
      const pieces: { atMs: number; text: string }[] = [];
      let length = 0;
      const { late } = asked;
      const read = (): void => {
        answer.setEncoding('utf8').on('data', (text: string) => {
          length += text.length;
          if (length <= mostText) pieces.push({ atMs: elapsed(), text });
          if (late?.hasEnough(text) === true) answer.destroy();
        });
      };
      if (late) setTimeout(read, late.ms);
      else read();
      answer.on('error', () => undefined);
      answer.once('close', () =>
        end({
          kind: 'answered',
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: pieces.map(({ text }) => text).join(''),
          pieces,
          isCut: !answer.complete,
          own,
          beganAt,
          afterMs: elapsed(),
        }),
      );
    });

    const { send } = asked;
    if (send)
      void send(writerFor(request, over, () => isOver || hasAnswer)).then(() => {
        if (!isOver) request.end();
      });
    else if (asked.headers['Content-Length'] === undefined) request.end();
    // Headers alone: what is made of the declared length is what we want to know.
    else request.flushHeaders();
  });
