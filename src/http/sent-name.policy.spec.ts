import { readableName } from './sent-name.policy.js';

describe('a file name in an address', () => {
  it.each([
    ['logs.tgz', 'logs.tgz'],
    ['%D0%B6.log', 'ж.log'],
    ['a%2Fb%25.log', 'a/b%.log'],
    ['%FF%FE.log', '\ufffd\ufffd.log'],
    ['caf%E9.log', 'caf\ufffd.log'],
    ['%D0%B6 %D0.log', 'ж \ufffd.log'],
    ['%ed%a0%80.log', '\ufffd\ufffd\ufffd.log'],
    // Overlong forms of "../" stay no dots and no slash.
    ['%c0%ae%c0%ae%c0%af', '\ufffd'.repeat(6)],
    ['%', '%'],
    ['%zz%4.log', '%zz%4.log'],
    ['%zz%41.log', '%zzA.log'],
    // Bytes that nobody escaped.
    ['\u00d0\u00b6.log', 'ж.log'],
    ['caf\u00e9.log', 'caf\ufffd.log'],
  ])('%j is read as %j', (sent, name) => {
    expect(decodeURIComponent(readableName(sent))).toBe(name);
  });

  it('is left alone where it can be decoded', () => {
    for (const part of ['a+b%20c.log', '%00', '..', '%2e%2e%2f', ''])
      expect(readableName(part)).toBe(part);
  });
});
