import type { Keyring } from '../../secrets/secrets.js';
import { mirrorHeader, proofOf } from '../mirror/mirror.protocol.js';
import type { Seen, Wish } from '../mirror/mirror.protocol.js';
import { exchange } from './exchange.js';
import type { Answered, Asked, BodyWriter, Outcome } from './exchange.js';

export interface Asking {
  readonly method: string;
  /** Below PUBLIC_URL. */
  readonly path: string;
  readonly wish: Wish;
  readonly headers?: Readonly<Record<string, string>>;
  readonly send?: (body: BodyWriter) => Promise<void>;
  readonly patienceMs?: number;
  readonly late?: Asked['late'];
}

const patienceMs = 15_000;

/** The mirror's answer, and what was seen where it says so. */
export interface Mirrored {
  readonly answer: Answered;
  readonly seen: Seen | null;
}

/** Asks the mirror through PUBLIC_URL, as a customer's request would go. */
export class Probe {
  /** @param base without a slash at its end */
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

  url(path: string): URL {
    return new URL(this.base.href.replace(/\/+$/, '') + path);
  }

  ask({ method, path, wish, headers = {}, send, late, ...rest }: Asking): Promise<Outcome> {
    return exchange({
      method,
      url: this.url(path),
      headers: {
        // What follows "close" tells whether an HTTP proxy is on the way: it makes this header anew.
        Connection: 'close, x-logs-collector-hop',
        [mirrorHeader]: proofOf(wish, this.keyring, new Date()),
        ...headers,
      },
      patienceMs: rest.patienceMs ?? patienceMs,
      isVerified: this.isVerified,
      ...(send ? { send } : {}),
      ...(late ? { late } : {}),
    });
  }
}

/** @returns null where somebody else answered, or nobody */
export const mirrored = (outcome: Outcome, method: string): Mirrored | null => {
  if (outcome.kind !== 'answered' || outcome.headers[mirrorHeader] !== method) return null;
  const isJson = (outcome.headers['content-type'] ?? '').startsWith('application/json');
  try {
    return {
      answer: outcome,
      seen: isJson && outcome.text ? (JSON.parse(outcome.text) as Seen) : null,
    };
  } catch {
    return { answer: outcome, seen: null };
  }
};

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

/** How somebody else's answer, or none, reads in a finding. */
export const inWords = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case 'answered': {
      const by =
        outcome.headers.server === undefined ? '' : ` by ${outcome.headers.server.toString()}`;
      return `answered ${outcome.status}${by} after ${seconds(outcome.afterMs)}`;
    }
    case 'broken':
      return `broken off (${outcome.code}) after ${seconds(outcome.afterMs)}`;
    case 'silent':
      return `left without an answer for ${seconds(outcome.afterMs)}`;
  }
};
