import { commonPasswords } from './common-passwords.js';
import { passwordProblem } from './password.policy.js';

let common: ReadonlySet<string>;
beforeAll(async () => {
  common = await commonPasswords();
});

const problem = (password: string, username = 'ann') => passwordProblem(password, username, common);

describe('a password is refused', () => {
  it.each([
    ['nine', 'a b c d e', /10 to 256/],
    ['257 characters', 'a'.repeat(257), /10 to 256/],
    ['nine characters beyond the first plane', '𝔭'.repeat(9), /10 to 256/],
    ['a NUL', 'abc\0defghijk', /NUL/],
    ['half a character', 'abcdefghijk\ud800', /NUL/],
    ['a common one', 'qwertyuiop', /attacker/],
    ['a common one in capitals', 'PASSWORD123', /attacker/],
    ["the product's name", 'logs-collector', /product/],
    ["the product's name with a year", 'LogsCollector2026!', /product/],
    ["half the product's name", '1collector23', /product/],
  ])('%s', (_case, password, message) => {
    expect(problem(password)).toMatch(message);
  });

  it('with the user name inside, whatever its case', () => {
    expect(problem('xxANNxxxxxx', 'ann')).toMatch(/user name/);
    expect(problem('пароль-Мария-7', 'мария')).toMatch(/user name/);
  });
});

describe('a password is good', () => {
  it.each([
    ['ten characters', 'tr0mbone-x'],
    ['ten characters beyond the first plane', '𝔭'.repeat(10)],
    ['256 characters', 'b'.repeat(256)],
    ['one letter, often', 'a'.repeat(72) + 'b'],
    ['another script', 'верная лошадь батарея'],
    ['spaces', '          '],
    ['the product among other words', 'logs collector eats pies'],
  ])('%s', (_case, password) => {
    expect(problem(password)).toBeNull();
  });

  it('although a name of two letters is in it', () => {
    expect(problem('banana-boat', 'an')).toBeNull();
  });
});
