/** FNV-1a, 32 bits: not a secret, and not against anybody. */
const fnv = (text: string, seed: number): string => {
  let hash = seed;
  for (const byte of new TextEncoder().encode(text))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(36);
};

/**
 * The same for the same file, also after a reload and where nothing could be kept: the service finds by it the upload
 * that this file has begun, and counts one attempt. `crypto.subtle` would not be there over plain http.
 */
export const idempotencyKey = ({ name, size, lastModified }: File): string =>
  ['web', size, lastModified, fnv(name, 0x811c9dc5), fnv(name, 0x01000193)].join('-');
