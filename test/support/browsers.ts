import type TestAgent from 'supertest/lib/agent.js';
import type { Account } from './given.js';
import type { TestService } from './service.js';

/** A browser after the password and before the second factor. */
export const afterPassword = async (
  { given }: Pick<TestService, 'given'>,
  { username, password }: Pick<Account, 'username' | 'password'>,
): Promise<TestAgent> => {
  const api = given.stranger();
  await api.post('/auth/login').send({ username, password }).expect(200);
  return api;
};

/** The session cookie that a browser holds, as it sends it: what a thief would take. */
export const cookieOf = (api: TestAgent): string => {
  const scope = { domain: '127.0.0.1', path: '/', secure: true, script: false };
  const cookie = api.jar.getCookie('lc_session', scope);
  if (cookie === undefined) throw new Error('this browser holds no session');
  return `lc_session=${cookie.value}`;
};

/** Somebody who has nothing but a cookie. */
export const thiefWith = ({ given }: Pick<TestService, 'given'>, cookie: string): TestAgent =>
  given.stranger().set('Cookie', cookie);
