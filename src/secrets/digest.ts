import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';

export type Digest = Hash;

/** A SHA-256 that is fed as bytes pass. */
export const newDigest = (): Hash => createHash('sha256');

/** An MD5, which proves nothing against malice: only for what a collector's side-car claims of its file. */
export const newMd5 = (): Hash => createHash('md5');

/** A digest as the HTTP field value of RFC 9530, from lower-case hex. */
export const digestField = (hex: string): string =>
  `sha-256=:${Buffer.from(hex, 'hex').toString('base64')}:`;

/**
 * The SHA-256, in lower-case hex, that a `Content-Digest` or `Repr-Digest` field claims (RFC 9530, sections 2 and 3;
 * a dictionary of RFC 8941). Other algorithms are ignored, as section 4 asks; null where there is no usable claim
 * and 'malformed' where sha-256 is named with something that is no SHA-256.
 */
export const claimedDigest = (field: string | undefined): string | 'malformed' | null => {
  if (field === undefined) return null;
  for (const member of field.split(',')) {
    const [name = '', ...rest] = member.trim().split('=');
    if (name.trim().toLowerCase() !== 'sha-256') continue;
    const match = /^:([A-Za-z0-9+/]{43}=):$/.exec(rest.join('=').trim());
    return match?.[1] ? Buffer.from(match[1], 'base64').toString('hex') : 'malformed';
  }
  return null;
};
