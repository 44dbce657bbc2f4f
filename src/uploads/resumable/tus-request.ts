import type { Request as ExpressRequest } from 'express';
import { ValidationFailed } from '../../errors/errors.js';
import { digestClaim } from '../intake/claims.js';
import {
  ContentTypeUnsupported,
  DeclaredLengthExceeded,
  TusVersionUnsupported,
} from './resumable.errors.js';
import { claimedChecksum, isByteCount, tusBody, tusVersion } from './tus.policy.js';

/** What @tus/server may see of a request: the rest, such as a proxy's headers, is ours. */
const tusHeaders = [
  'tus-resumable',
  'upload-length',
  'upload-defer-length',
  'upload-metadata',
  'upload-offset',
  'upload-concat',
  'content-type',
  'content-length',
] as const;

/**
 * Before any byte of the body, and without a look at the upload.
 * @throws TusVersionUnsupported, ContentTypeUnsupported, ValidationFailed, DeclaredLengthExceeded
 */
export const assertWellFormed = (req: ExpressRequest, method: string): void => {
  if (req.get('tus-resumable') !== tusVersion) throw new TusVersionUnsupported();
  const type = req.get('content-type');
  if (method === 'PATCH') {
    if (type !== tusBody) throw new ContentTypeUnsupported();
    if (req.get('upload-offset') === undefined)
      throw new ValidationFailed([{ field: 'upload-offset', message: 'must be given' }]);
  }
  for (const field of ['upload-offset', 'upload-length'])
    if (!isByteCount(req.get(field) ?? '0'))
      throw new ValidationFailed([{ field, message: 'must be a whole number from 0' }]);
  const length = Number(req.get('upload-length') ?? Infinity);
  const isFirstBody = method === 'POST' && type === tusBody;
  if (isFirstBody && Number(req.get('content-length') ?? 0) > length)
    throw new DeclaredLengthExceeded(length);
  claimedBody(req);
};

/**
 * SHA-256 that this request's body alone must have, lower-case hex: the protocol's own field, or that of RFC 9530.
 * @throws ValidationFailed
 */
export const claimedBody = (req: ExpressRequest): string | null => {
  const field = req.get('upload-checksum');
  if (field === undefined) return digestClaim(req, 'content-digest');
  const checksum = claimedChecksum(field);
  if (checksum === null)
    throw new ValidationFailed([
      { field: 'upload-checksum', message: 'must be sha256 and the base64 of the SHA-256' },
    ]);
  return checksum;
};

/** The request for @tus/server: without a body, which is ours, and at an address that means nothing. */
export const webRequest = (req: ExpressRequest, method: string): Request => {
  const headers = new Headers();
  for (const name of tusHeaders) {
    const value = req.get(name);
    if (value !== undefined) headers.set(name, value);
  }
  return new Request('http://localhost/uploads', { method, headers });
};
