import { methodsOf } from './methods.policy.js';

it.each([
  [null, 0, []],
  ['sealed', 0, ['totp', 'recovery']],
  [null, 1, ['passkey', 'recovery']],
  ['sealed', 2, ['totp', 'passkey', 'recovery']],
])('of secret %p and %i passkeys: %j', (totpSecret, passkeys, methods) => {
  expect(methodsOf({ totpSecret, passkeys })).toEqual(methods);
});
