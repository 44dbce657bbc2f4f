import { createCipheriv, createHash } from 'node:crypto';

/** Numbers that look random and come again from the same seed: from 0 up to, not including, `below`. */
export const seeded = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0 || 1;
  return (below) => {
    // xorshift32 (Marsaglia 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
};

/** Bytes of which no two places look alike; another seed gives other ones. */
export const noise = (size: number, seed = 1): Buffer => {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed >>> 0);
  // The key stream of a cipher: a hundred times faster than arithmetic here, where each byte is one of 64 MiB.
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
};

export const sha256Of = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('hex');

/** As RFC 9530 writes it: what a client claims and what the service answers. */
export const digestOf = (bytes: Buffer | string): string =>
  `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;

export const md5Of = (bytes: Buffer | string): string =>
  createHash('md5').update(bytes).digest('hex');
