import type { Keyring } from '../../secrets/secrets.js';
import { newId } from '../../secrets/secrets.js';

/** The doctor's request carries the wish and its proof in it, the answer the method that arrived. */
export const mirrorHeader = 'logs-collector-mirror';

/** What the doctor asks the service to do with a request. */
export type Wish =
  /** To answer at once what arrived, without reading a body. */
  | { readonly kind: 'seen' }
  /** To read the body and throw it away, wait, and answer when its bytes came. */
  | { readonly kind: 'body'; readonly waitMs: number }
  /** To answer as fast as it is taken, in blocks that say when they were written. */
  | { readonly kind: 'flood' }
  /** To answer in so many pieces with pauses between: as a download, or as events. */
  | {
      readonly kind: 'answer';
      readonly as: 'bytes' | 'events';
      readonly pieces: number;
      readonly pauseMs: number;
    };

export interface Hop {
  readonly address: string;
  /** By TRUSTED_PROXIES. */
  readonly isTrusted: boolean;
}

/** A request as it arrived at the service. */
export interface Seen {
  /** Names the database behind the service; null where it does not answer. */
  readonly storeId: string | null;
  readonly version: string;
  /** The service's clock, milliseconds since 1970. */
  readonly now: number;
  readonly method: string;
  readonly path: string;
  /** Who sends, as far as TRUSTED_PROXIES lets the service know. */
  readonly address: string;
  /** The other end of the connection. */
  readonly peer: Hop & { readonly port: number };
  /** X-Forwarded-For, in its order. */
  readonly chain: readonly Hop[];
  /** Whether session cookies say Secure. */
  readonly isSecure: boolean;
  /** What links begin with; null where the request names no host to make them of. */
  readonly base: string | null;
  /** Those that a check asks about, and none that a proxy may have put a secret into. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where a body was to be read: when its bytes came, in milliseconds since the request did, and how many by then. */
  readonly body?: {
    readonly steps: readonly (readonly [atMs: number, bytes: number])[];
    readonly isWhole: boolean;
  };
}

/** Of a flood: more than the buffers of all systems on the way hold, and each begins with milliseconds since 1970. */
export const floodBlocks = 1024;
export const floodBlockBytes = 64 * 1024;

/** A proof holds for so long before and after; clocks that are farther apart are a finding by themselves. */
export const proofMs = 10 * 60_000;

const purpose = 'doctor-mirror';

interface Signed {
  readonly wish: Wish;
  readonly at: number;
  readonly id: string;
}

/** The header's value: only who has SECRET_KEY can make one. */
export const proofOf = (wish: Wish, keyring: Keyring, now: Date): string => {
  const signed: Signed = { wish, at: now.getTime(), id: newId() };
  const text = Buffer.from(JSON.stringify(signed)).toString('base64url');
  return `${text}.${keyring.sign(purpose, text)}`;
};

/** @returns null for what no doctor with this key made just now */
export const wishIn = (proof: unknown, keyring: Keyring, now: Date): Wish | null => {
  if (typeof proof !== 'string') return null;
  const [text = '', signature = '', ...rest] = proof.split('.');
  if (rest.length > 0 || !keyring.isSigned(purpose, text, signature)) return null;
  // The key vouches for its form.
  const { wish, at } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Signed;
  return Math.abs(now.getTime() - at) <= proofMs ? wish : null;
};
