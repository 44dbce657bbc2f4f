import { rangeWish } from './range.policy.js';

const etag = '"abc"';
const wish = (header?: string, ifRange?: string) => rangeWish(header, ifRange, etag, 1000);
const part = (first: number, last: number) => ({ kind: 'part', range: { first, last } });

describe('a wish for a range of 1000 bytes', () => {
  it.each([
    [undefined, { kind: 'whole' }],
    ['bytes=0-0', part(0, 0)],
    ['bytes=0-499', part(0, 499)],
    ['bytes=500-', part(500, 999)],
    ['bytes=-1', part(999, 999)],
    ['bytes=-5000', part(0, 999)],
    ['bytes=900-5000', part(900, 999)],
    ['BYTES=1-2', part(1, 2)],
    ['bytes=1000-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=5-2', { kind: 'whole' }],
    ['bytes=0-1,5-6', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['bytes=a-b', { kind: 'whole' }],
    ['lines=0-1', { kind: 'whole' }],
    [`bytes=${'9'.repeat(400)}-`, { kind: 'unsatisfiable' }],
  ])('%j', (header, expected) => {
    expect(wish(header)).toEqual(expected);
  });

  it('is granted under If-Range only for the same strong ETag', () => {
    expect(wish('bytes=0-1', etag)).toEqual(part(0, 1));
    expect(wish('bytes=0-1', '"other"')).toEqual({ kind: 'whole' });
    expect(wish('bytes=0-1', `W/${etag}`)).toEqual({ kind: 'whole' });
    expect(wish('bytes=0-1', 'Fri, 20 Nov 2026 10:00:00 GMT')).toEqual({ kind: 'whole' });
  });
});
