import { ambiguityOf, maxHeaders } from './framing.policy.js';

const chunked = 'transfer-encoding';
const host = ['logs.example.com'];

describe('a request', () => {
  it.each([
    ['1.1', { host }],
    ['1.1', { host: [''] }],
    ['1.1', { host, [chunked]: ['chunked'] }],
    ['1.1', { host, [chunked]: ['Chunked'] }],
    ['1.0', {}],
    ['1.0', { host }],
  ])('of HTTP/%s with %j can be read in one way only', (httpVersion, headersDistinct) => {
    expect(ambiguityOf({ httpVersion, headersDistinct, rawHeaders: [] })).toBeNull();
  });

  it.each([
    ['1.1', {}, /Host/],
    ['1.1', { host: ['a', 'a'] }, /Host/],
    ['1.0', { host: ['a', 'b'] }, /Host/],
    ['2.0', { host }, /HTTP\/1\.1/],
    ['0.9', {}, /HTTP\/1\.1/],
    ['1.0', { host, [chunked]: ['chunked'] }, /length/],
    ['1.1', { host, [chunked]: ['gzip, chunked'] }, /length/],
    ['1.1', { host, [chunked]: ['gzip', 'chunked'] }, /length/],
    ['1.1', { host, [chunked]: ['chunked', 'chunked'] }, /length/],
    ['1.1', { host, [chunked]: [', chunked'] }, /length/],
    ['1.1', { host, [chunked]: ['identity'] }, /length/],
    ['1.1', { host, [chunked]: [''] }, /length/],
  ])('of HTTP/%s with %j cannot', (httpVersion, headersDistinct, told) => {
    expect(ambiguityOf({ httpVersion, headersDistinct, rawHeaders: [] })).toMatch(told);
  });

  it('of as many headers as there may be is read, and of one more is not', () => {
    const rawHeaders = ['Host', 'a', ...Array.from({ length: 2 * (maxHeaders - 1) }, () => 'x')];
    const request = { httpVersion: '1.1', headersDistinct: { host } };
    expect(ambiguityOf({ ...request, rawHeaders })).toBeNull();
    expect(ambiguityOf({ ...request, rawHeaders: [...rawHeaders, 'x', ''] })).toMatch(/fewer/);
  });
});
