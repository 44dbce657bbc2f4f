const tagsIn = (header: string): string[] => header.split(',').map((tag) => tag.trim());

/** If-None-Match (RFC 9110, section 13.1.2): any of the listed tags, compared weakly. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  tagsIn(header ?? '').some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);

/**
 * If-Match (section 13.1.1): any of the listed tags, compared strongly; true where nothing is asked. If-Modified-Since
 * and If-Unmodified-Since are passed over, as they have to be where no date of modification is told: the bytes of an
 * archive are never modified, and the ETag names them.
 */
export const isMeant = (header: string | undefined, etag: string): boolean =>
  (header ?? '').trim() === '' || tagsIn(header ?? '').some((tag) => tag === '*' || tag === etag);
