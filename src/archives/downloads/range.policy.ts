import type { ByteRange } from '../../storage/blob-store.js';

export type RangeWish =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' };

const whole: RangeWish = { kind: 'whole' };

/**
 * What a GET asks for (RFC 9110, section 14.2). Anything but one well-formed range of bytes is ignored, as the section
 * allows: several ranges at once serve nobody here. `ifRange` must be the archive's strong ETag, else the whole
 * is sent (section 13.1.5).
 * @param size bytes of the archive, at least 1
 */
export const rangeWish = (
  header: string | undefined,
  ifRange: string | undefined,
  etag: string,
  size: number,
): RangeWish => {
  if (header === undefined || (ifRange !== undefined && ifRange !== etag)) return whole;
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header);
  if (!match) return whole;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return whole;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', range: { first: size - length, last: size - 1 } };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  // A last byte before the first one is no range at all, and is ignored.
  if (to !== '' && Number(to) < first) return whole;
  return first >= size ? { kind: 'unsatisfiable' } : { kind: 'part', range: { first, last } };
};
