import { isKnown, isMeant } from './precondition.policy.js';

const etag = '"abc"';

describe('a condition on an archive', () => {
  it.each([
    // header, If-None-Match finds it, If-Match finds it
    [undefined, false, true],
    ['', false, true],
    ['*', true, true],
    ['"abc"', true, true],
    ['"other" , "abc"', true, true],
    ['W/"abc"', true, false],
    ['"other"', false, false],
    ['abc', false, false],
  ])('%j', (header, known, meant) => {
    expect([isKnown(header, etag), isMeant(header, etag)]).toEqual([known, meant]);
  });
});
