import { DataSource } from 'typeorm';
import { PasskeyChallenge } from '../../src/auth/passkey-proofs/passkey-challenge.entity.js';
import { PasskeyChallenges } from '../../src/auth/passkey-proofs/passkey-challenges.service.js';
import { Authenticator } from '../support/authenticator.js';
import { databaseDump } from '../support/dump.js';
import { expectProblem } from '../support/http.js';
import { addPasskey, newcomer, passkeyOwner, proofBy, signInBy } from '../support/passkeys.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

/** What the service says that a passkey is for. @param headers as a client or a proxy sends them */
const partyOf = async (service: TestService, headers: Readonly<Record<string, string>> = {}) => {
  const request = service.given.stranger().post('/auth/passkeys/sign-in/options');
  return (await request.set(headers).expect(200)).body.rpId as string;
};

// http throughout: these browsers would keep a Secure cookie to themselves, and the rules are the same.
it('makes passkeys for the host name of PUBLIC_URL, whatever its port', async () => {
  const PUBLIC_URL = 'http://logs.example.com:8443';
  const service = await startedService({ PUBLIC_URL });
  const forged = { 'X-Forwarded-Host': 'evil.example.com', Host: 'evil.example.com' };
  expect(await partyOf(service, forged)).toBe('logs.example.com');

  const device = new Authenticator(PUBLIC_URL);
  await passkeyOwner(service, 'ann', device);
  expect((await signInBy(service, device)).answer).toMatchObject({ status: 200 });
  for (const origin of ['http://logs.example.com', 'https://logs.example.com:8443', service.url])
    expectProblem((await signInBy(service, device, { origin })).answer, 'login-failed');
});

it('makes them for the host that the request names, where there is no PUBLIC_URL', async () => {
  const service = await startedService();
  expect(await partyOf(service, { Host: 'logs.internal:8000' })).toBe('logs.internal');
  const forged = { Host: 'logs.internal', 'X-Forwarded-Host': 'evil.example.com' };
  expect(await partyOf(service, forged)).toBe('logs.internal');
  const noHost = await service.given
    .stranger()
    .post('/auth/passkeys/sign-in/options')
    .set('Host', 'a b"c');
  expectProblem(noHost, 'request-malformed');

  // Behind a proxy that ends TLS and says nothing of it.
  const secured = new Authenticator(service.url.replace('http:', 'https:'));
  await passkeyOwner(service, 'bea', secured);
  expect((await signInBy(service, secured)).answer).toMatchObject({ status: 200 });
});

it('makes them for what a trusted proxy names', async () => {
  const service = await startedService({ TRUSTED_PROXIES: '127.0.0.1' });
  const forwarded = { 'X-Forwarded-Host': 'logs.example.com', 'X-Forwarded-Proto': 'https' };
  expect(await partyOf(service, forwarded)).toBe('logs.example.com');
});

it('does not take them on another host name, and takes them again on the old one', async () => {
  const env = { PUBLIC_URL: 'http://old.example.com' };
  const before = await startedService(env);
  const device = new Authenticator(env.PUBLIC_URL);
  const owner = await passkeyOwner(before, 'cat', device);
  await before.stop();

  const moved = await startedService({ PUBLIC_URL: 'http://new.example.com' }, before.place);
  const api = moved.given.stranger();
  const { username, password } = owner;
  await api.post('/auth/login').send({ username, password }).expect(200);
  await expect(proofBy(api, device)).rejects.toThrow('NotAllowedError');
  const origin = 'http://new.example.com';
  expectProblem(
    await api
      .post('/auth/passkeys/verify')
      .send({ response: device.get(await oldOptions(api), { origin }) }),
    'passkey-invalid',
  );
  // A recovery code lets its owner in, who adds one for the new name.
  const [code, another] = owner.recoveryCodes;
  await api.post('/auth/recovery').send({ code }).expect(200);
  const added = await addPasskey(api, new Authenticator(origin), {
    name: 'new',
    proof: { password, code: another },
  });
  expect(added).toMatchObject({ status: 201 });
  await moved.stop();

  const back = await startedService(env, before.place);
  expect((await signInBy(back, device)).answer).toMatchObject({ status: 200 });
});

/** What a service of the new name asks, as one of the old name would have asked it. */
const oldOptions = async (api: ReturnType<TestService['given']['stranger']>) => {
  const { body } = await api.post('/auth/passkeys/verify/options').expect(200);
  return { ...body, rpId: 'old.example.com' } as { challenge: string; rpId: string };
};

it('says in the log which page was refused, and keeps no challenge in the database', async () => {
  const service = await startedService({ PUBLIC_URL: 'http://logs.example.com' });
  const { api } = await newcomer(service, 'dan');
  const options = await api.post('/auth/passkeys/options').expect(200);
  expect(await databaseDump(service)).not.toContain(options.body.challenge);
  const origin = 'http://typo.example.com';
  const response = new Authenticator(origin).create(options.body as never);
  const answer = await api.post('/auth/passkeys').send({ name: 'key', response });
  expectProblem(answer, 'passkey-invalid');
  expect(service.log.events('passkey.other-origin')).toMatchObject([
    { origin, expected: ['http://logs.example.com'] },
  ]);
});

it('hears an address LOGIN_RATE times a minute, and forgets what nobody answered', async () => {
  const service = await startedService({ LOGIN_RATE: '3' });
  const stranger = service.given.stranger();
  const statuses: number[] = [];
  for (let time = 0; time < 5; time += 1)
    statuses.push((await stranger.post('/auth/passkeys/sign-in').send({})).status);
  expect(statuses).toEqual([400, 400, 400, 429, 429]);
  // Asking guesses nothing: a page asks each time it is opened.
  for (let time = 0; time < 5; time += 1)
    await stranger.post('/auth/passkeys/sign-in/options').expect(200);
  const open = () => service.app.get(DataSource).manager.countBy(PasskeyChallenge, {});
  expect(await open()).toBe(5);
  const challenges = service.app.get(PasskeyChallenges);
  await challenges.removeExpired(new Date());
  expect(await open()).toBe(5);
  await challenges.removeExpired(new Date(Date.now() + 5 * 60_000 + 1));
  expect(await open()).toBe(0);
});
