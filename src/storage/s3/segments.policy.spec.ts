import { blobKey } from '../blob-store.js';
import { chainOf, endOf, multipartName, segmentName, unfinished } from './segments.policy.js';

const key = blobKey('0199f1a2-0000-7000-8000-000000000000');
const segment = (offset: number, size: number, turn: number) => ({
  name: segmentName(key, offset, turn),
  offset,
  size,
  turn,
});
const end = (...segments: ReturnType<typeof segment>[]) => endOf(chainOf(segments));

describe('the segments of a partial blob', () => {
  it('are what their names say, and nothing else is', () => {
    const one = segment(8_388_608, 7, 3);
    expect(unfinished(one.name, 7)).toEqual({ kind: 'segment', key, ...one });
    const uploadId = '2~Zq/+=odd id';
    expect(unfinished(multipartName(key, uploadId), 0)).toEqual({
      kind: 'multipart',
      key,
      uploadId,
    });
    for (const name of ['x', `partial/${key}`, `partial/${key}/x`, `partial/x/${key}`])
      expect(unfinished(name, 1)).toBeNull();
  });

  it('follow each other without a gap', () => {
    expect(end()).toBe(0);
    expect(end(segment(0, 8, 1), segment(8, 8, 1), segment(16, 3, 1))).toBe(19);
    expect(end(segment(0, 8, 1), segment(16, 8, 1))).toBe(8);
    expect(end(segment(8, 8, 1))).toBe(0);
  });

  it('count by the latest turn where one was written anew', () => {
    const chain = chainOf([
      segment(0, 8, 1),
      segment(8, 3, 1),
      segment(8, 8, 2),
      segment(16, 1, 2),
    ]);
    expect(chain.map(({ offset, turn }) => [offset, turn])).toEqual([
      [0, 1],
      [8, 2],
      [16, 2],
    ]);
  });

  it('take nothing from a request whose successor has written', () => {
    // The first one's third part landed late, right where the second one's end is.
    expect(end(segment(0, 8, 1), segment(8, 8, 2), segment(16, 8, 1))).toBe(16);
    // Taken over before the first byte.
    expect(end(segment(0, 8, 1), segment(0, 0, 3))).toBe(0);
    expect(end(segment(0, 8, 1), segment(0, 0, 3), segment(0, 5, 4))).toBe(5);
    // Cut shorter in a later turn.
    expect(end(segment(0, 8, 1), segment(0, 5, 2), segment(8, 8, 1))).toBe(5);
  });
});
