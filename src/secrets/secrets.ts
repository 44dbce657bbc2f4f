import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  randomInt,
  timingSafeEqual,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { nanoid, customAlphabet } from 'nanoid';
import { v7 } from 'uuid';

/**
 * What each secret starts with, so that a scanner, a log mask and the guard tell them apart.
 * `lct_` upload token, `lck_` API key, `lcd_` download link, `lcs_` first set-up.
 */
export type SecretPrefix = 'lct_' | 'lck_' | 'lcd_' | 'lcs_';

/** Characters of nanoid's alphabet of 64: 32 of them are 192 bits. */
export const secretLength = 32;

export const newSecret = (prefix: SecretPrefix): string => prefix + nanoid(secretLength);

/** Whether `text` has the form of a secret with this prefix. Says nothing about whether one was issued. */
export const isSecret = (prefix: SecretPrefix, text: unknown): text is string =>
  typeof text === 'string' &&
  text.startsWith(prefix) &&
  /^[A-Za-z0-9_-]{32,64}$/.test(text.slice(4));

/** Every secret that must not reach a log: upload tokens, API keys and download links. */
export const secretPattern = /lc[tkd]_[A-Za-z0-9_-]{8,}/g;

/**
 * Whether a text holds what may be a secret of ours, the set-up link's included. Only in full length: what customers
 * call their files may begin like one.
 */
export const holdsSecret = (text: string): boolean =>
  new RegExp(`lc[tkds]_[A-Za-z0-9_-]{${secretLength}}`).test(text);

/** Time-ordered identifier (RFC 9562 UUID version 7), so that "newest first" is the order of the key. */
export const newId = (): string => v7();

/** The lowest id that newId may make at this moment: where a range of time begins in the order of the key. */
export const lowestIdAt = (moment: Date): string => {
  // RFC 9562, section 5.7: 48 bits of milliseconds since 1970 come first.
  const time = Math.max(0, moment.getTime()).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
};

/** SHA-256 in hex. Only for values of high entropy: tokens, keys, session ids. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Ten characters without look-alikes, near 50 bits; shown in two groups. */
const recoveryAlphabet = customAlphabet('23456789abcdefghjkmnpqrstuvwxyz', 10);
export const newRecoveryCode = (): string => recoveryAlphabet().replace(/^(.{5})(.{5})$/, '$1-$2');

/** A random instance number that fits PostgreSQL's int4. */
export const newInstanceNumber = (): number => randomInt(1, 2 ** 31 - 1);

export const newSessionId = (): string => randomBytes(32).toString('base64url');
/** What a passkey signs, or a set-up link is signed for: WebAuthn asks for 16 bytes at least (section 13.4.3). */
export const newChallenge = (): string => randomBytes(32).toString('base64url');
/** 256 bits; WebAuthn allows 64 bytes (section 5.4.3). */
export const newPasskeyHandle = (): string => randomBytes(32).toString('base64url');
/** Bytes that mean nothing and cannot be compressed. */
export const noise = (bytes: number): Buffer => randomBytes(bytes);
export const newSecretKey = (): string => randomBytes(48).toString('base64url');

export const isSame = (one: string, other: string): boolean => {
  const a = Buffer.from(one);
  const b = Buffer.from(other);
  return a.length === b.length && timingSafeEqual(a, b);
};

/** Keys derived from SECRET_KEY, one a purpose, and what is done with them. */
export class Keyring {
  private readonly keys = new Map<string, KeyObject>();

  constructor(private readonly secretKey: string) {}

  /** @param purpose one of the program's own few: each key is derived once, and kept */
  private key(purpose: string): KeyObject {
    const known = this.keys.get(purpose);
    if (known) return known;
    const derived = hkdfSync('sha256', this.secretKey, 'logs-collector', purpose, 32);
    const key = createSecretKey(Buffer.from(derived));
    this.keys.set(purpose, key);
    return key;
  }

  /** HMAC-SHA-256 in base64url. */
  sign(purpose: string, text: string): string {
    return createHmac('sha256', this.key(purpose)).update(text).digest('base64url');
  }

  isSigned(purpose: string, text: string, signature: string): boolean {
    return isSame(this.sign(purpose, text), signature);
  }

  /** A number that tells two keys apart and nothing about them; it fits PostgreSQL's int4. */
  mark(): number {
    return createHmac('sha256', this.key('mark')).digest().readUInt32BE(0) >>> 1;
  }

  /** HMAC-SHA-256 in hex, of any text. */
  macs(purpose: string): (text: string) => string {
    const key = this.key(purpose);
    return (text) => createHmac('sha256', key).update(text).digest('hex');
  }

  /** AES-256-GCM; the purpose and the owner are authenticated, so that a sealed value cannot be moved. */
  seal(purpose: string, owner: string, text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key(purpose), nonce);
    cipher.setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws Error when the value was sealed with another key, for another owner, or changed */
  open(purpose: string, owner: string, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key(purpose), bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  }
}
