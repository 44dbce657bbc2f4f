import { newRecoveryCode } from '../../secrets/secrets.js';
import { foldedRecoveryCode } from './recovery.policy.js';

describe('a recovery code', () => {
  it.each(['abcde-23456', 'ABCDE-23456', 'abcde23456', ' abcde 23456 ', 'ab-cd-e2-34-56'])(
    'may be typed as %j',
    (typed) => expect(foldedRecoveryCode(typed)).toBe('abcde23456'),
  );

  it.each(['', 'abcde-2345', 'abcde-234567', 'abcde-0123l', 'абвгд-23456', '123456'])(
    'is never %j',
    (typed) => expect(foldedRecoveryCode(typed)).toBeNull(),
  );

  it('is known in the form in which it is made', () => {
    for (let count = 0; count < 200; count += 1)
      expect(foldedRecoveryCode(newRecoveryCode())).not.toBeNull();
  });
});
