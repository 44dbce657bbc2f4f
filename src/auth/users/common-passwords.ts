import { passwordLength } from './password.policy.js';

let common: Promise<ReadonlySet<string>> | null = null;

/** The list is lower-cased; what is too short anyway is not kept. */
const load = async (): Promise<ReadonlySet<string>> => {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const long = dictionary['passwords-common'].filter((word) => word.length >= passwordLength.min);
  return new Set(long);
};

/** Lower-cased passwords that an attacker tries first. Loaded when a password is chosen, which most processes never see. */
export const commonPasswords = (): Promise<ReadonlySet<string>> => (common ??= load());
