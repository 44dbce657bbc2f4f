import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';
import { User } from '../../src/auth/accounts/user.entity.js';
import type { Account } from './given.js';
import type { TestService } from './service.js';

const stepSeconds = 30;

/** The code that an authenticator shows `offset` steps from now: -1 is the one before the current one. */
export const codeAt = (secret: string, offset: number): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + offset * stepSeconds });

/** Resolves once the current step has so many seconds left: what is judged then is judged within it. */
export const earlyInStep = async (seconds = 5): Promise<void> => {
  const left = stepSeconds - ((Date.now() / 1000) % stepSeconds);
  if (left < seconds) await new Promise((resolve) => setTimeout(resolve, left * 1000 + 10));
};

/** Lets the codes that an account has used work once more, so that no story waits for the clock. */
export const unusedAgain = async (
  { app }: Pick<TestService, 'app'>,
  account: Account,
): Promise<void> => {
  const { affected } = await app
    .get(DataSource)
    .manager.update(User, { username: account.username }, { totpLastStep: null });
  expect(affected).toBe(1);
  account.forgetCodes();
};
