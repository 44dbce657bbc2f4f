import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Keyring } from '../secrets/secrets.js';
import { hopHeader, mirrorHeader, proofOf } from '../http/mirror/mirror.protocol.js';
import type { Seen, Wish } from '../http/mirror/mirror.protocol.js';

/** Where `curl -T` sends a file: a proxy may have rules for this path or method alone. */
const uploadPath = '/api/v1/archives/doctor.bin';

const defaultPatienceMs = 15_000;
const mostText = 256 * 1024;

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  /** A declared Content-Length without a body sends the headers alone. */
  readonly body?: (signal: AbortSignal) => AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Time limit for the whole answer. */
  readonly patienceMs?: number;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Null where something else answered, or the answer broke off. */
  readonly seen: Seen | null;
  /** Our own end of the connection. */
  readonly own: { readonly address: string; readonly port: number };
  readonly afterMs: number;
}

export type Outcome =
  | Answered
  /** The connection was refused, or broke before an answer. */
  | { readonly kind: 'broken'; readonly code: string; readonly afterMs: number }
  /** Neither an answer nor an end within our patience. */
  | { readonly kind: 'silent'; readonly afterMs: number };

/** Asks the mirror through PUBLIC_URL, as a customer's upload would go. */
export class Probe {
  constructor(
    readonly base: URL,
    private readonly keyring: Keyring,
    private readonly isVerified = true,
  ) {}

  get isSecure(): boolean {
    return this.base.protocol === 'https:';
  }

  /** For servers whose certificate was found wanting. */
  unverified(): Probe {
    return new Probe(this.base, this.keyring, false);
  }

  /** One PUT on a connection of its own. Never throws. */
  ask(wish: Wish, { headers = {}, body, patienceMs = defaultPatienceMs }: Asking = {}) {
    return new Promise<Outcome>((resolve) => {
      const beganAt = Date.now();
      const elapsed = (): number => Date.now() - beganAt;
      const over = new AbortController();
      let own = { address: '', port: 0 };
      let hasAnswer = false;

      const make = this.isSecure ? httpsRequest : httpRequest;
      const request = make(this.base.href.replace(/\/+$/, '') + uploadPath, {
        method: 'PUT',
        headers: {
          Connection: hopHeader,
          [mirrorHeader]: proofOf(wish, this.keyring, new Date()),
          ...headers,
        },
        agent: false,
        rejectUnauthorized: this.isVerified,
      });
      const end = (outcome: Outcome): void => {
        clearTimeout(patience);
        over.abort();
        request.destroy();
        resolve(outcome);
      };
      const patience = setTimeout(() => end({ kind: 'silent', afterMs: elapsed() }), patienceMs);
      request.on('socket', (socket) =>
        socket.setNoDelay(true).once('connect', () => {
          own = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
        }),
      );
      // An early answer may be followed by a reset of what we still send: the answer counts.
      request.on('error', (cause: NodeJS.ErrnoException) => {
        if (!hasAnswer)
          end({ kind: 'broken', code: cause.code ?? cause.message, afterMs: elapsed() });
      });
      request.on('response', (answer) => {
        hasAnswer = true;
        let text = '';
        answer.setEncoding('utf8').on('data', (more: string) => {
          if (text.length < mostText) text += more;
        });
        answer.on('error', () => undefined);
        answer.once('close', () => {
          const isOurs = answer.complete && answer.headers[mirrorHeader] !== undefined;
          end({
            kind: 'answered',
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            seen: isOurs ? (JSON.parse(text) as Seen) : null,
            own,
            afterMs: elapsed(),
          });
        });
      });
      if (body) pipeline(body(over.signal), request).catch(() => undefined);
      else if (headers['Content-Length'] === undefined) request.end();
      else request.flushHeaders();
    });
  }
}

export const isSeen = (outcome: Outcome): boolean =>
  outcome.kind === 'answered' && outcome.seen !== null;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

/** How another answer, or none, reads in a finding. */
export const inWords = (outcome: Outcome): string => {
  const after = seconds(outcome.afterMs);
  switch (outcome.kind) {
    case 'answered': {
      const server = outcome.headers.server;
      return `answered ${outcome.status}${server === undefined ? '' : ` by ${server.toString()}`} after ${after}`;
    }
    case 'broken':
      return `broken off (${outcome.code}) after ${after}`;
    case 'silent':
      return `left without an answer for ${after}`;
  }
};
