import { DataSource } from 'typeorm';
import { PasskeyChallenge } from '../../src/auth/passkey-proofs/passkey-challenge.entity.js';
import { Authenticator } from '../support/authenticator.js';
import { afterPassword } from '../support/browsers.js';
import { expectProblem } from '../support/http.js';
import {
  addPasskey,
  newcomer,
  passkeyOwner,
  proofBy,
  signInAnswer,
  signInBy,
  verifyBy,
} from '../support/passkeys.js';
import type { PasskeyOwner } from '../support/passkeys.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

/** Why the last refusal was, as the audit tells an admin. */
const lastReason = async (action: 'second-factor.refused' | 'session.refused') => {
  const { api } = await service.given.admin();
  const { items } = (await api.get(`/audit-events?action=${action}&limit=1`).expect(200)).body;
  return items[0].details.reason as string;
};

const signIn = (response: object) =>
  service.given.stranger().post('/auth/passkeys/sign-in').send({ response });

/** Lets everything that was asked be too late, so that no story waits five minutes. */
const afterFiveMinutes = () =>
  service.app.get(DataSource).manager.updateAll(PasskeyChallenge, { expiresAt: new Date() });

describe('signing in by passkey is refused', () => {
  let owner: PasskeyOwner;
  beforeAll(async () => {
    owner = await passkeyOwner(service, 'ann');
  });

  it.each([
    ['to another site', { origin: 'https://logs.example.com' }, 'origin'],
    ['to a page of another port', { origin: 'http://127.0.0.1:1' }, 'origin'],
    ['for another host', { rpId: 'evil.example.com' }, 'signature'],
    ['to what was not asked', { challenge: 'bm90IG9uZSBvZiBvdXJz' }, 'challenge'],
    ['of another ceremony', { type: 'webauthn.create' }, 'signature'],
    ['without PIN, finger or face', { isVerified: false }, 'signature'],
    ['without anybody there', { isPresent: false }, 'signature'],
    ["for another's handle", { userHandle: 'bm9ib2R5' }, 'handle'],
    ['for no handle', { userHandle: null }, 'handle'],
  ])('with an answer %s', async (_how, wishes, reason) => {
    const { answer } = await signInBy(service, owner.device, wishes);
    expectProblem(answer, 'login-failed');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await lastReason('session.refused')).toBe(reason);
    // A good one is heard, and what failed before is forgiven.
    expect((await signInBy(service, owner.device)).answer).toMatchObject({ status: 200 });
  });

  it('with an answer that was given before', async () => {
    const response = await signInAnswer(service, owner.device);
    await signIn(response).expect(200);
    expectProblem(await signIn(response), 'login-failed');
  });

  it('with an answer that comes too late', async () => {
    const response = await signInAnswer(service, owner.device);
    await afterFiveMinutes();
    expectProblem(await signIn(response), 'login-failed');
    expect(await lastReason('session.refused')).toBe('challenge');
    await signInBy(service, owner.device);
  });

  it('with an answer to what a session was asked, and the other way round', async () => {
    expectProblem(await signIn(await proofBy(owner.api, owner.device)), 'login-failed');
    const response = await signInAnswer(service, owner.device);
    const verified = await owner.api.post('/auth/passkeys/verify').send({ response });
    expectProblem(verified, 'passkey-invalid');
    expect((await verifyBy(owner.api, owner.device)).status).toBe(200);
  });

  it('with another signature, with another passkey of that name, and with bytes that are none', async () => {
    const thief = new Authenticator(service.url);
    await passkeyOwner(service, 'thief', thief);
    const own = await signInAnswer(service, owner.device);
    const { response } = await signInAnswer(service, thief);
    expectProblem(await signIn({ ...own, response }), 'login-failed');
    const { signature } = response;
    const forged = await signInAnswer(service, owner.device);
    const swapped = { ...forged, response: { ...forged.response, signature } };
    expectProblem(await signIn(swapped), 'login-failed');
    for (const field of ['clientDataJSON', 'authenticatorData', 'signature'] as const) {
      const good = await signInAnswer(service, owner.device);
      const broken = { ...good, response: { ...good.response, [field]: 'AAAA' } };
      expectProblem(await signIn(broken), 'login-failed');
      expect((await signInBy(service, owner.device)).answer.status).toBe(200);
    }
  });

  it('with a passkey that nobody has', async () => {
    const stranger = new Authenticator(service.url);
    const { api } = await newcomer(service, 'never-finishes');
    stranger.create((await api.post('/auth/passkeys/options').expect(200)).body as never);
    expectProblem((await signInBy(service, stranger)).answer, 'login-failed');
    expect(await lastReason('session.refused')).toBe('unknown');
  });

  it('to a disabled user, until enabled again', async () => {
    const { api: admin } = await service.given.admin();
    const { id, device } = await passkeyOwner(service, 'bob');
    await admin.patch(`/users/${id}`).send({ disabled: true }).expect(200);
    expectProblem((await signInBy(service, device)).answer, 'login-failed');
    await admin.patch(`/users/${id}`).send({ disabled: false }).expect(200);
    expect((await signInBy(service, device)).answer).toMatchObject({ status: 200 });
  });

  it('with a body that is no answer', async () => {
    const good = await signInAnswer(service, owner.device);
    for (const response of [
      undefined,
      null,
      [],
      {},
      { ...good, id: '' },
      { ...good, extra: 1 },
      { ...good, response: null },
      { ...good, response: [good.response] },
      { ...good, response: { ...good.response, signature: 'x'.repeat(2049) } },
      { ...good, response: { ...good.response, clientDataJSON: '{}' } },
      { ...good, clientExtensionResults: 'none' },
    ]) {
      const answer = await service.given
        .stranger()
        .post('/auth/passkeys/sign-in')
        .send({ response });
      expectProblem(answer, 'validation-failed');
    }
    await signIn(good).expect(200);
  });
});

describe('a copied passkey', () => {
  it('is found out by its counter, refused and told to the audit', async () => {
    const owner = await passkeyOwner(service, 'cat');
    await signInBy(service, owner.device, { counter: 40 });
    for (const counter of [40, 39, 0]) {
      expectProblem((await signInBy(service, owner.device, { counter })).answer, 'login-failed');
      expect(await lastReason('session.refused')).toBe('counter');
    }
    const api = await afterPassword(service, owner);
    const verified = await verifyBy(api, owner.device, { counter: 40 });
    expectProblem(verified, 'passkey-invalid');
    expect(await lastReason('second-factor.refused')).toBe('counter');
    const ahead = await verifyBy(api, owner.device, { counter: 4_294_967_295 });
    expect(ahead).toMatchObject({ status: 200 });
  });

  it('is not suspected of an authenticator that does not count', async () => {
    const device = new Authenticator(service.url, false);
    await passkeyOwner(service, 'dan', device);
    for (let time = 0; time < 3; time += 1)
      expect((await signInBy(service, device)).answer).toMatchObject({ status: 200 });
  });
});

describe('a second factor is refused', () => {
  it('by the passkey of another user', async () => {
    const [one, other] = [await passkeyOwner(service, 'eve'), await passkeyOwner(service, 'fay')];
    const api = await afterPassword(service, one);
    const options = (await api.post('/auth/passkeys/verify/options').expect(200)).body;
    const response = other.device.get({ ...options, allowCredentials: undefined });
    expectProblem(await api.post('/auth/passkeys/verify').send({ response }), 'passkey-invalid');
    expect(await lastReason('second-factor.refused')).toBe('unknown');
  });

  it('where the answer was asked of another session, or of the same user elsewhere', async () => {
    const owner = await passkeyOwner(service, 'gus');
    const [here, there] = [
      await afterPassword(service, owner),
      await afterPassword(service, owner),
    ];
    const response = await proofBy(there, owner.device);
    expectProblem(await here.post('/auth/passkeys/verify').send({ response }), 'passkey-invalid');
    expect((await here.get('/auth/session')).body).toMatchObject({ aal: 1 });
  });

  it('where the account has none', async () => {
    const { account } = await service.given.engineer();
    const api = await afterPassword(service, account);
    expectProblem(await api.post('/auth/passkeys/verify/options'), 'passkey-invalid');
  });

  it('after five failures, and codes are heard all the same', async () => {
    const owner = await passkeyOwner(service, 'hal');
    const api = await afterPassword(service, owner);
    for (let failure = 0; failure < 5; failure += 1)
      expectProblem(await verifyBy(api, owner.device, { rpId: 'x' }), 'passkey-invalid');
    const good = await verifyBy(api, owner.device);
    expectProblem(good, 'rate-limited');
    expect(Number(good.headers['retry-after'])).toBeLessThanOrEqual(30);
    expectProblem((await signInBy(service, owner.device)).answer, 'rate-limited');
    const [code] = owner.recoveryCodes;
    await api.post('/auth/recovery').send({ code }).expect(200);
  });
});

describe('a registration is refused', () => {
  it.each([
    ['for another site', { origin: 'https://logs.example.com' }],
    ['for another host', { rpId: 'evil.example.com' }],
    ['of another ceremony', { type: 'webauthn.get' }],
    ['to what was not asked', { challenge: 'bm90IG9uZSBvZiBvdXJz' }],
    ['without anybody there', { isPresent: false }],
  ])('%s', async (how, wishes) => {
    const { api } = await newcomer(service, `refused-${how.replaceAll(' ', '-')}`);
    const device = new Authenticator(service.url);
    expectProblem(await addPasskey(api, device, wishes), 'passkey-invalid');
    expect(await lastReason('second-factor.refused')).toBe('registration');
    expect((await api.get('/auth/session')).body).toMatchObject({ secondFactor: 'enrol' });
  });

  it('the second time, too late, and in another session', async () => {
    const person = await newcomer(service, 'ian');
    const other = await afterPassword(service, person);
    const device = new Authenticator(service.url);
    const made = async () => {
      const options = await person.api.post('/auth/passkeys/options').expect(200);
      return { name: 'key', response: device.create(options.body as never) };
    };
    const late = await made();
    await afterFiveMinutes();
    expectProblem(await person.api.post('/auth/passkeys').send(late), 'passkey-invalid');
    const body = await made();
    expectProblem(await other.post('/auth/passkeys').send(body), 'passkey-invalid');
    await person.api.post('/auth/passkeys').send(body).expect(201);
    expectProblem(await person.api.post('/auth/passkeys').send(body), 'passkey-invalid');
  });

  it('of an earlier beginning', async () => {
    const { api } = await newcomer(service, 'jan');
    const device = new Authenticator(service.url);
    const first = (await api.post('/auth/passkeys/options').expect(200)).body;
    await api.post('/auth/passkeys/options').expect(200);
    const response = device.create(first as never);
    const answer = await api.post('/auth/passkeys').send({ name: 'key', response });
    expectProblem(answer, 'passkey-invalid');
  });

  it('of a passkey that another user has', async () => {
    const owner = await passkeyOwner(service, 'kim');
    const taken = (await signInAnswer(service, owner.device)).id;
    const { api } = await newcomer(service, 'lea');
    const options = (await api.post('/auth/passkeys/options').expect(200)).body;
    const response = new Authenticator(service.url).create(options, { credentialId: taken });
    const answer = await api.post('/auth/passkeys').send({ name: 'mine', response });
    expectProblem(answer, 'passkey-invalid');
    expect((await signInBy(service, owner.device)).answer).toMatchObject({ status: 200 });
  });

  it('not for a statement about its maker, which is not looked at', async () => {
    const { api } = await newcomer(service, 'mia');
    const statement = new Map<string, unknown>([
      ['alg', -7],
      ['sig', new Uint8Array(8)],
      ['x5c', [new Uint8Array(64)]],
    ]);
    const added = await addPasskey(api, new Authenticator(service.url), { statement });
    expect(added).toMatchObject({ status: 201 });
  });
});
