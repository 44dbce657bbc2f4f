import type { IncomingMessage } from 'node:http';
import { authorizationOf, singleHeader } from '../../http/authorization.js';
import { isSecret } from '../../secrets/secrets.js';
import { UploadTokenUnknown } from './upload-tokens.errors.js';

/** The token of Bearer, or the password of Basic, whose user name may be anything. */
const ofAuthorization = (req: IncomingMessage): string | null => {
  const authorization = authorizationOf(req);
  switch (authorization.kind) {
    case 'none':
      return null;
    case 'bearer':
      return authorization.secret;
    case 'basic':
      return authorization.password.trim();
    case 'unreadable':
      // No token has this form: it is refused as one, unless another header brings one.
      return 'unreadable';
  }
};

/**
 * The token that the headers carry: `Upload-Token`, Bearer or the password of Basic; spaces around it are forgiven.
 * `Upload-Token` goes before: a proxy in front may want the other header for itself.
 * @returns null where there is none
 * @throws UploadTokenUnknown for two of them
 */
export const presentedToken = (req: IncomingMessage): string | null => {
  const own = singleHeader(req, 'upload-token');
  if (own === 'doubled') throw new UploadTokenUnknown();
  const other = ofAuthorization(req);
  if (own === null) return other;
  if (isSecret('lct_', other) && other !== own.trim()) throw new UploadTokenUnknown();
  return own.trim();
};
