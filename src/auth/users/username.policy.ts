import { searchable } from '../../database/search.js';
import { isStorableText } from '../../http/fields.js';

export const usernamePattern = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u;
export const usernameMessage =
  'username must be 1 to 64 letters, digits or . _ @ -, and begin with a letter or digit';

/** Room in the key's column: folding makes some names longer. */
const keyLength = 128;

/** How names are compared: "Ann" and "ann" are one user. */
export const usernameKeyOf = (username: string): string => searchable(username);

export const isUsername = (name: unknown): name is string =>
  isStorableText(name) &&
  usernamePattern.test(name) &&
  [...usernameKeyOf(name)].length <= keyLength;
