import type { Method } from '../../http/allow.js';
import type { User } from './user.entity.js';

/**
 * How this user can prove more than the password; nothing where no second factor is enrolled. Recovery codes come
 * with the first factor and are counted only when one is typed: whether any is left is not told here.
 */
export const methodsOf = ({
  totpSecret,
  passkeys,
}: Pick<User, 'totpSecret' | 'passkeys'>): readonly Method[] => {
  const factors: readonly Method[] = [
    ...(totpSecret === null ? [] : (['totp'] as const)),
    ...(passkeys > 0 ? (['passkey'] as const) : []),
  ];
  return factors.length === 0 ? [] : [...factors, 'recovery'];
};
