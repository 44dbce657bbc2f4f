/** What a query of an address may say aloud, unless it is itself an address with credentials. */
const harmless = /^(region|endpoint)=[^@%]*$/;

/**
 * An address as it may be shown: without what may be a password in it, however it is written. The last @ counts, since
 * a password that was not encoded may have others, and slashes.
 */
export const withoutCredentials = (text: string): string =>
  /[:/]/.test(text)
    ? text
        .replace(
          /^([a-z][a-z0-9+.-]*:\/\/|(?:https?|s3|file|sqlite|postgres|postgresql):)?.*@/is,
          '$1…@',
        )
        .replace(/(?<=[?&;#])[^&;#]+/g, (part) =>
          harmless.test(part) ? part : part.replace(/^([^=]*=)?.*$/s, '$1…'),
        )
    : text;

/** What a system or a driver says, with the credentials of every address in it left out. */
export const withoutPasswords = (message: string): string =>
  message.replace(/\/\/[^\s]*@/g, '//…@');
