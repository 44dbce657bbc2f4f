/** In the script, where the address is to stand; it is a word in single quotes there. */
const placeholder = "'@SERVED_FROM@'";

/** One word of a POSIX shell, whatever is in it (POSIX.1-2017, Shell Command Language, section 2.2.2). */
const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** @param base address of the service as the customer reaches it; an operator may have put any sign into it */
export const addressedTo = (script: string, base: string): string =>
  // A function: a `$` in a replacement text would mean something.
  script.replace(placeholder, () => shellWord(base));
