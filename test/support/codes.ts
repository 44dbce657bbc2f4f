import { DataSource } from 'typeorm';
import { User } from '../../src/auth/users/user.entity.js';
import type { Account } from './given.js';
import type { TestService } from './service.js';

/** Lets the codes that an account has used work once more, so that no story waits for the clock. */
export const unusedAgain = async ({ app }: TestService, account: Account): Promise<void> => {
  const usernameKey = account.username.toLowerCase();
  const { affected } = await app
    .get(DataSource)
    .manager.update(User, { usernameKey }, { totpLastStep: null });
  expect(affected).toBe(1);
  account.forgetCodes();
};
