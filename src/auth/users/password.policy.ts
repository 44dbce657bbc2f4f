import { isStorableText } from '../../http/fields.js';

/** Counted in code points, so that every script has the same room (NIST SP 800-63B, section 3.1.1.2). */
export const passwordLength = { min: 10, max: 256 } as const;

/** A name this short is in many good passwords by chance. */
const shortestTellingName = 3;

/** What is left of a password when the product's name and everything but letters is taken away. */
const withoutProduct = (folded: string): string =>
  folded.replace(/[^\p{L}]/gu, '').replace(/logs?|collectors?/g, '');

/**
 * Why this password is refused, as a sentence that says what to do; null where it is good. No rule about kinds of
 * characters: length and not being known are what counts (ASVS 6.2.5).
 * @param common lower-cased passwords that an attacker tries first
 */
export const passwordProblem = (
  password: string,
  username: string,
  common: ReadonlySet<string>,
): string | null => {
  if (!isStorableText(password)) return 'must be text without NUL characters';
  const length = [...password].length;
  if (length < passwordLength.min || length > passwordLength.max)
    return `must have ${passwordLength.min} to ${passwordLength.max} characters`;
  const folded = password.toLowerCase();
  const name = username.toLowerCase();
  if (common.has(folded)) return 'is among the first that an attacker tries; choose another';
  if ([...name].length >= shortestTellingName && folded.includes(name))
    return 'must not contain the user name; choose another';
  // Only letters that the product's name explains, and digits and signs around them.
  if (/logs?|collectors?/.test(folded) && withoutProduct(folded) === '')
    return "must not be made of the product's name; choose another";
  return null;
};
