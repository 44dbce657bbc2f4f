/**
 * Lower-cased text for a search column. LIKE and LOWER differ between the databases outside ASCII,
 * so the program folds the case on both sides and the database only compares.
 */
export const searchable = (...parts: readonly string[]): string =>
  parts.join('\n').normalize('NFC').toLowerCase();

/** LIKE pattern for "contains", for use with `ESCAPE '!'`. */
export const contains = (text: string): string => `%${searchable(text).replace(/[!%_]/g, '!$&')}%`;
