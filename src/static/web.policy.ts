/**
 * Nothing inline, nothing evaluated, nothing of other hosts; and no text becomes markup or script except through the
 * one policy by which Svelte makes elements of its own compiled templates (Trusted Types, W3C).
 */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // data: for the QR code, which the API sends as SVG.
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

/** What a path is to the web UI: one of its pages, one of its assets, or not its matter. */
export type Place =
  | { readonly kind: 'page'; readonly file: 'index.html' | 'upload.html' }
  | { readonly kind: 'asset'; readonly file: string }
  | { readonly kind: 'other' };

/** In any case: what is nearly an address of the API is 404 to a browser too, not a page. */
const elsewhere = /^\/(?:api|health|metrics|upload\.sh|assets)(?:\/|$)/i;

/**
 * The two entrances are pages for everybody. Any other path is one only for who asks for HTML by name, as browsers do:
 * a wrong address of a script or a scanner stays 404. No page's first part has a dot, and nothing hidden is a page.
 * @param path as the request has it, without the query
 */
export const placeOf = (path: string, accept: string): Place => {
  const asset = /^\/(assets\/[\w.-]+)$/.exec(path)?.[1];
  if (asset !== undefined) return { kind: 'asset', file: asset };
  if (/^\/upload\/?$/.test(path)) return { kind: 'page', file: 'upload.html' };
  if (path === '/') return { kind: 'page', file: 'index.html' };
  const isPage =
    !elsewhere.test(path) &&
    /^\/[\w-]+(?:\/|$)/.test(path) &&
    !/\/\/|\/\.|%2e|%2f|%5c|\\/i.test(path);
  return isPage && /\btext\/html\b/i.test(accept)
    ? { kind: 'page', file: 'index.html' }
    : { kind: 'other' };
};
