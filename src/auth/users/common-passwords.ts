import { dictionary } from '@zxcvbn-ts/language-common';
import { passwordLength } from './password.policy.js';

/** The list is lower-cased; what is too short anyway is not kept. */
let common: ReadonlySet<string> | null = null;

export const isCommonPassword = (folded: string): boolean => {
  common ??= new Set(
    dictionary['passwords-common'].filter((word) => word.length >= passwordLength.min),
  );
  return common.has(folded);
};
