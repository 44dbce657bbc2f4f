import type { IncomingMessage } from 'node:http';
import { isSecret } from '../secrets/secrets.js';
import { UploadTokenMissing, UploadTokenUnknown } from './upload-tokens.errors.js';

const ofAuthorization = (header: string): string[] => {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(header) ?? [];
  if (/^bearer$/i.test(scheme)) return [rest.trim()];
  if (!/^basic$/i.test(scheme)) return [];
  // RFC 7617: user-id ":" password; the user name may be anything, the password is the token.
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? [] : [pair.slice(colon + 1).trim()];
};

/**
 * The one token that the headers carry: `Upload-Token`, Bearer or the password of Basic; spaces around it are forgiven.
 * @throws UploadTokenMissing where there is none
 * @throws UploadTokenUnknown for two different ones, or for what cannot be a token; nothing is looked up then
 */
export const presentedToken = (req: IncomingMessage): string => {
  const own = req.headersDistinct['upload-token'] ?? [];
  const authorization = req.headersDistinct['authorization'] ?? [];
  const presented = [
    ...own.map((value) => value.trim()),
    ...authorization.flatMap(ofAuthorization),
  ];
  return theToken(presented);
};

/** The token among the values given, which must be one. @throws UploadTokenMissing, UploadTokenUnknown */
export const theToken = (presented: readonly unknown[]): string => {
  const [value, ...others] = new Set(presented.filter((one) => one !== ''));
  if (value === undefined) throw new UploadTokenMissing();
  if (others.length > 0 || !isSecret('lct_', value)) throw new UploadTokenUnknown();
  return value;
};
