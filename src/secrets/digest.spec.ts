import { claimedDigest, digestField, newDigest } from './digest.js';

const hex = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const field = 'sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:';

describe('a digest', () => {
  it('is fed as bytes pass', () => {
    expect(newDigest().update('hel').update('lo').digest('hex')).toBe(hex);
  });

  it('is said as RFC 9530 says it', () => {
    expect(digestField(hex)).toBe(field);
    expect(claimedDigest(field)).toBe(hex);
  });

  it.each([
    [undefined, null],
    ['', null],
    ['sha-512=:YWJj:', null],
    [`sha-512=:YWJj:, ${field}`, hex],
    [`${field},md5=:YWJj:`, hex],
    [field.toUpperCase().slice(0, 8) + field.slice(8), hex],
    ['sha-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=', 'malformed'],
    ['sha-256=:YWJj:', 'malformed'],
    ['sha-256', 'malformed'],
    [`sha-256=${hex}`, 'malformed'],
  ])('claimed by %j is %j', (claim, digest) => {
    expect(claimedDigest(claim)).toBe(digest);
  });
});
