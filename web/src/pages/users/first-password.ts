/** 32 of them, so that a byte falls on each equally often; none that looks like another. */
const letters = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Made up by the browser: four groups of five, 100 bits, easy to read out. */
export const firstPassword = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => letters[byte % letters.length])
    .join('')
    .replace(/.{5}(?=.)/g, '$&-');
