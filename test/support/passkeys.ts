import type TestAgent from 'supertest/lib/agent.js';
import { Authenticator } from './authenticator.js';
import type { Wishes } from './authenticator.js';
import { afterPassword } from './browsers.js';
import type { Answer } from './http.js';
import type { TestService } from './service.js';

/** A person whose second factor is a passkey alone. */
export interface PasskeyOwner {
  readonly username: string;
  readonly password: string;
  readonly api: TestAgent;
  readonly device: Authenticator;
  readonly recoveryCodes: string[];
  /** The user's id. */
  readonly id: string;
}

/** What no service asked for. */
export const someOptions = {
  challenge: 'bm90IG9uZSBvZiBvdXJz',
  rp: { id: '127.0.0.1' },
  user: { id: 'bm9ib2R5' },
  excludeCredentials: [],
};

const password = 'a long and unusual pass phrase 5';

/** A new account without a second factor, signed in by password. */
export const newcomer = async (
  service: Pick<TestService, 'given'>,
  username: string,
): Promise<{ readonly username: string; readonly password: string; readonly api: TestAgent }> => {
  const { api } = await service.given.admin();
  await api.post('/users').send({ username, password, role: 'engineer' }).expect(201);
  return { username, password, api: await afterPassword(service, { username, password }) };
};

/** The whole of adding a passkey. @param proof once more, where a factor is enrolled */
export const addPasskey = async (
  api: TestAgent,
  device: Authenticator,
  { name = 'key', proof = {}, ...wishes }: Wishes & { name?: string; proof?: object } = {},
): Promise<Answer> => {
  const options = await api.post('/auth/passkeys/options').send(proof).expect(200);
  const response = device.create(options.body as never, wishes);
  return api.post('/auth/passkeys').send({ name, response });
};

/** What the device answers when a session asks it to prove its owner. */
export const proofBy = async (api: TestAgent, device: Authenticator, wishes: Wishes = {}) => {
  const options = await api.post('/auth/passkeys/verify/options').expect(200);
  return device.get(options.body as never, wishes);
};

/** The whole of proving the second factor by a passkey. */
export const verifyBy = async (
  api: TestAgent,
  device: Authenticator,
  wishes: Wishes = {},
): Promise<Answer> =>
  api.post('/auth/passkeys/verify').send({ response: await proofBy(api, device, wishes) });

/** What the device answers when a stranger wants to sign in with it. */
export const signInAnswer = async (
  { given }: Pick<TestService, 'given'>,
  device: Authenticator,
  wishes: Wishes = {},
) => {
  const options = await given.stranger().post('/auth/passkeys/sign-in/options').expect(200);
  return device.get(options.body as never, wishes);
};

/** The whole of signing in by passkey alone, in a new browser. */
export const signInBy = async (
  service: Pick<TestService, 'given'>,
  device: Authenticator,
  wishes: Wishes = {},
): Promise<{ readonly api: TestAgent; readonly answer: Answer }> => {
  const api = service.given.stranger();
  const response = await signInAnswer(service, device, wishes);
  return { api, answer: await api.post('/auth/passkeys/sign-in').send({ response }) };
};

/** A new engineer who enrols a passkey at the first sign-in. */
export const passkeyOwner = async (
  service: Pick<TestService, 'given' | 'url'>,
  username: string,
  device = new Authenticator(service.url),
): Promise<PasskeyOwner> => {
  const person = await newcomer(service, username);
  const made = await addPasskey(person.api, device);
  expect(made).toMatchObject({ status: 201 });
  const session = await person.api.get('/auth/session').expect(200);
  return {
    ...person,
    device,
    recoveryCodes: made.body.recoveryCodes,
    id: (session.body as { user: { id: string } }).user.id,
  };
};
