/** Name of the file that a checksum file is about, as the service reads it; null for any other file. */
export const checkedBy = (filename: string): string | null =>
  /^(.+)\.(?:md5|sha256)$/is.exec(filename)?.[1] ?? null;
