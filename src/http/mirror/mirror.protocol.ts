import type { Keyring } from '../../secrets/secrets.js';

/** Carries the wish and its proof in the doctor's request; in the answer it marks the service's own. */
export const mirrorHeader = 'logs-collector-mirror';

/** What the doctor asks the service to do with a request. */
export type Wish =
  /** Answer at once, without reading a body. */
  | { readonly kind: 'seen' }
  /** Read the body to its end and discard it, wait, then answer. */
  | { readonly kind: 'body'; readonly waitMs: number };

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
  /** PUBLIC_URL of the service; null where it has none. */
  readonly publicUrl: string | null;
  /** The client, as far as TRUSTED_PROXIES lets the service know. */
  readonly address: string;
  /** The other end of the connection. */
  readonly peer: Hop & { readonly port: number };
  /** X-Forwarded-For, in its order. */
  readonly chain: readonly Hop[];
  /** An HTTP proxy replaced the Connection header on the way; a NAT does not. */
  readonly isProxied: boolean;
}

/** A proxy replaces this header; a NAT leaves it alone. */
export const hopHeader = 'close, x-logs-collector-hop';

/** A proof holds this long before and after; clocks that are farther apart are a fault of their own. */
export const proofMs = 10 * 60_000;

const purpose = 'doctor-mirror';

interface Signed {
  readonly wish: Wish;
  readonly at: number;
}

/** The header's value: only a holder of SECRET_KEY can make one. */
export const proofOf = (wish: Wish, keyring: Keyring, now: Date): string => {
  const signed: Signed = { wish, at: now.getTime() };
  const text = Buffer.from(JSON.stringify(signed)).toString('base64url');
  return `${text}.${keyring.sign(purpose, text)}`;
};

/** @returns null unless a doctor with this key made it within proofMs */
export const wishIn = (proof: unknown, keyring: Keyring, now: Date): Wish | null => {
  if (typeof proof !== 'string') return null;
  const [text = '', signature = '', ...rest] = proof.split('.');
  if (rest.length > 0 || !keyring.isSigned(purpose, text, signature)) return null;
  // The key vouches for its form.
  const { wish, at } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Signed;
  return Math.abs(now.getTime() - at) <= proofMs ? wish : null;
};
