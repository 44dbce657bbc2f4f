const isReadable = (part: string): boolean => {
  try {
    decodeURIComponent(part);
    return /^[\0-\x7f]*$/.test(part);
  } catch {
    return false;
  }
};

/** Each code unit of it one byte. */
const bytesOf = (part: string): Buffer =>
  Buffer.from(
    part.replace(/%([0-9a-f]{2})/gi, (_sign, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );

/**
 * The part of an address that names a file, so that it can be decoded. Clients take the name from their disk, in
 * whatever encoding it has there: what is no UTF-8 becomes U+FFFD, as in a form, and a percent sign that begins no byte
 * stays one. Refusing would cost the customer the file for the sake of its name.
 * @param part as Node gives it: a byte that is not escaped is one code unit
 */
export const readableName = (part: string): string =>
  isReadable(part) ? part : encodeURIComponent(bytesOf(part).toString('utf8'));
