import type { Request } from 'express';
import { ValidationFailed } from '../../errors/errors.js';
import { claimedDigest } from '../../secrets/digest.js';

/** What the headers of an upload say of it, before any body byte. */
export interface Claims {
  /** Content-Length; null for a chunked body. */
  readonly declaredBytes: number | null;
  readonly idempotencyKey: string | null;
  /** SHA-256 that the file must have, lower-case hex; null where nothing is claimed. */
  readonly sha256: string | null;
}

const keyPattern = /^[\x20-\x7e]{1,128}$/;

/** @returns lower-case hex; null where the header claims nothing. @throws ValidationFailed */
export const digestClaim = (req: Request, header: string): string | null => {
  const claim = claimedDigest(req.get(header));
  if (claim === 'malformed')
    throw new ValidationFailed([
      { field: header, message: 'must be sha-256=:<base64 of the SHA-256>: (RFC 9530)' },
    ]);
  return claim;
};

/** @throws ValidationFailed */
export const idempotencyKeyOf = (req: Request): string | null => {
  const key = req.get('idempotency-key') ?? null;
  if (key !== null && !keyPattern.test(key))
    throw new ValidationFailed([
      { field: 'idempotency-key', message: 'must be 1 to 128 printable ASCII characters' },
    ]);
  return key;
};

/**
 * `Content-Digest` and `Repr-Digest` both claim the file: a raw body is the file, and what `curl -F` sends it in
 * cannot be hashed by whoever types the line.
 * @throws ValidationFailed
 */
export const claimsOf = (req: Request): Claims => {
  // RFC 9110, section 14.5: a part must not be taken for the whole, as `curl -C` would have it.
  if (req.get('content-range') !== undefined)
    throw new ValidationFailed(
      [{ field: 'content-range', message: 'must not be given' }],
      'Send the whole file; to go on with a part use /upload.sh or /api/v1/uploads.',
    );
  const [content, repr] = [digestClaim(req, 'content-digest'), digestClaim(req, 'repr-digest')];
  if (content !== null && repr !== null && content !== repr)
    throw new ValidationFailed([
      { field: 'repr-digest', message: 'must agree with content-digest' },
    ]);
  const length = req.get('content-length');
  return {
    // Up to 2^64 is well-formed; what no number holds exactly, no column does either.
    declaredBytes: length === undefined ? null : Math.min(Number(length), Number.MAX_SAFE_INTEGER),
    idempotencyKey: idempotencyKeyOf(req),
    sha256: content ?? repr,
  };
};
