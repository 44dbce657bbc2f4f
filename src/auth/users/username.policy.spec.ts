import { isUsername, usernameKeyOf } from './username.policy.js';

describe('a user name', () => {
  it.each(['a', 'Ann', 'ann.lee@example.com', 'мария', '7of9', '𝔞nn', 'a'.repeat(64)])(
    'may be %s',
    (name) => expect(isUsername(name)).toBe(true),
  );

  it.each([
    '',
    '.ann',
    '@ann',
    'ann lee',
    'a\nb',
    'a\0b',
    'a\ud800',
    'a'.repeat(65),
    7,
    null,
    ['a'],
  ])('may not be %j', (name) => expect(isUsername(name)).toBe(false));

  it('may not outgrow its column when it is folded', () => {
    expect(isUsername('a' + '\u0958'.repeat(63))).toBe(true);
    // One letter that is three in normal form.
    expect(isUsername('\ufb2c'.repeat(64))).toBe(false);
  });

  it('is one whatever the case and the form of its accents', () => {
    expect(usernameKeyOf('ANN')).toBe('ann');
    expect(usernameKeyOf('Zoe\u0308')).toBe(usernameKeyOf('zoë'));
  });
});
