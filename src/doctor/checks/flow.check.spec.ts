import { isFlowing } from './answers.check.js';
import { isStreamed } from './request-buffering.check.js';
import { cutLevel } from './time-outs.check.js';

it('a body is streamed if its first bytes came long before the last', () => {
  const streamed = (...steps: [number, number][]) => isStreamed({ steps, isWhole: true }, 1000);
  expect(streamed([2, 10], [1004, 20])).toBe(true);
  // A hiccup on the way is none of it.
  expect(streamed([300, 10], [1004, 20])).toBe(true);
  expect(streamed([1004, 20])).toBe(false);
  expect(streamed([1004, 10], [1200, 20])).toBe(false);
  expect(streamed()).toBe(false);
});

it('an answer flows if its first piece came long before the last', () => {
  const flowing = (...times: number[]) =>
    isFlowing({ pieces: times.map((atMs) => ({ atMs, text: 'x' })) }, 1000);
  expect(flowing(5, 1010)).toBe(true);
  expect(flowing(1010)).toBe(false);
  expect(flowing(1010, 1011)).toBe(false);
  expect(flowing()).toBe(false);
});

it('a cut is a fault if it comes before what may really come to pass', () => {
  expect(cutLevel(10_000, 55_000)).toBe('fail');
  expect(cutLevel(60_000, 55_000)).toBe('warn');
});
