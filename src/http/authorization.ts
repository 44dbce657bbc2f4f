import type { IncomingMessage } from 'node:http';

/** What a request's `Authorization` field holds. */
export type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly secret: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  /** Another scheme, a form that no scheme has, or the field twice. */
  | { readonly kind: 'unreadable' };

const unreadable: Authorization = { kind: 'unreadable' };

/**
 * The one value of a field that may come once; null where it is absent.
 * Trap: of a doubled Authorization Node keeps the first without a word, and joins other fields with a comma; a proxy
 * in front may have judged the second one.
 */
export const singleHeader = (
  req: Pick<IncomingMessage, 'headersDistinct'>,
  name: string,
): string | 'doubled' | null => {
  const values = req.headersDistinct[name];
  if (values === undefined) return null;
  return values.length === 1 && values[0] !== undefined ? values[0] : 'doubled';
};

/** Reads the field: Bearer (RFC 6750, section 2.1) or Basic (RFC 7617, section 2). Trusts nothing of it. */
export const authorizationOf = (req: Pick<IncomingMessage, 'headersDistinct'>): Authorization => {
  const field = singleHeader(req, 'authorization');
  if (field === null) return { kind: 'none' };
  const [, scheme, value] = /^(bearer|basic) +([A-Za-z0-9._~+/-]{1,1024}=*) *$/i.exec(field) ?? [];
  if (scheme === undefined || value === undefined) return unreadable;
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', secret: value };
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return unreadable;
  return { kind: 'basic', user: pair.slice(0, colon), password: pair.slice(colon + 1) };
};
