import { Authenticator } from '../support/authenticator.js';
import type { Wishes } from '../support/authenticator.js';
import { afterPassword, cookieOf, thiefWith } from '../support/browsers.js';
import { codeAt, unusedAgain } from '../support/codes.js';
import { expectProblem } from '../support/http.js';
import {
  addPasskey,
  newcomer,
  passkeyOwner,
  proofBy,
  signInBy,
  someOptions,
  verifyBy,
} from '../support/passkeys.js';
import type { PasskeyOwner } from '../support/passkeys.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

describe('a passkey as the first second factor', () => {
  it('is enrolled after the password, and gives recovery codes', async () => {
    const { api, username } = await newcomer(service, 'ann');
    expect((await api.get('/auth/session')).body).toMatchObject({
      secondFactor: 'enrol',
      methods: [],
    });
    const before = cookieOf(api);
    const options = (await api.post('/auth/passkeys/options').expect(200)).body;
    expect(options).toMatchObject({
      rp: { id: '127.0.0.1' },
      user: { name: username },
      attestation: 'none',
      excludeCredentials: [],
    });
    expect(Buffer.from(options.user.id, 'base64url')).toHaveLength(32);
    const device = new Authenticator(service.url);
    const response = device.create(options);
    const made = await api.post('/auth/passkeys').send({ name: 'My key', response }).expect(201);
    expect(new Set(made.body.recoveryCodes).size).toBe(10);
    expect(made.body.passkey).toEqual({
      id: expect.any(String),
      name: 'My key',
      backedUp: false,
      createdAt: expect.stringMatching(/Z$/),
      lastUsedAt: null,
    });
    expect((await api.get('/auth/session')).body).toMatchObject({
      aal: 2,
      secondFactor: 'done',
      methods: ['passkey', 'recovery'],
    });
    expectProblem(await thiefWith(service, before).get('/auth/session'), 'session-expired');
    const [listed] = (await api.get('/auth/passkeys').expect(200)).body.items;
    expect(listed).toEqual(made.body.passkey);
  });

  it('is asked for at the next sign-in, and raises the session', async () => {
    const owner = await passkeyOwner(service, 'bea');
    const api = await afterPassword(service, owner);
    expect((await api.get('/auth/session')).body).toMatchObject({
      aal: 1,
      secondFactor: 'verify',
      methods: ['passkey', 'recovery'],
    });
    expectProblem(await api.get('/tickets'), 'second-factor-required');
    const before = cookieOf(api);
    const verified = await verifyBy(api, owner.device);
    expect(verified).toMatchObject({ status: 200, body: { aal: 2, secondFactor: 'done' } });
    await api.get('/tickets').expect(200);
    expectProblem(await thiefWith(service, before).get('/auth/session'), 'session-expired');
    const [used] = (await api.get('/auth/passkeys').expect(200)).body.items;
    expect(used.lastUsedAt).toMatch(/Z$/);
  });

  it('can be stood in for by a recovery code', async () => {
    const owner = await passkeyOwner(service, 'cat');
    const api = await afterPassword(service, owner);
    const code = owner.recoveryCodes[0];
    await api.post('/auth/recovery').send({ code }).expect(200);
    await api.get('/tickets').expect(200);
  });

  it('signs in by itself in one step', async () => {
    const owner = await passkeyOwner(service, 'dan');
    const { api, answer } = await signInBy(service, owner.device);
    expect(answer).toMatchObject({
      status: 200,
      body: { user: { username: 'dan' }, aal: 2, secondFactor: 'done' },
    });
    await api.get('/tickets').expect(200);
  });
});

/** The proof that changing the factors takes: by the device itself. */
const once = async (owner: PasskeyOwner, wishes: Wishes = {}) => ({
  passkey: await proofBy(owner.api, owner.device, wishes),
});

describe('another factor', () => {
  it('is not for a session that proved the password alone', async () => {
    const { account } = await service.given.engineer();
    const api = await afterPassword(service, account);
    const proof = { password: account.password, code: account.recoveryCodes[0] };
    const begun = await api.post('/auth/passkeys/options').send(proof);
    expectProblem(begun, 'second-factor-required');

    const owner = await passkeyOwner(service, 'eve');
    const halfway = await afterPassword(service, owner);
    expectProblem(await halfway.post('/auth/totp'), 'second-factor-required');
    const response = new Authenticator(service.url).create(someOptions);
    const added = await halfway.post('/auth/passkeys').send({ name: 'x', response });
    expectProblem(added, 'second-factor-required');
  });

  it('is added after the password and a code, and ends all other sessions', async () => {
    const { account, api } = await service.given.engineer();
    const elsewhere = await service.given.signedIn(account);
    const missing = expectProblem(await api.post('/auth/passkeys/options'), 'validation-failed');
    expect(missing.errors?.map(({ field }) => field).sort()).toEqual(['code', 'password']);
    const wrong = { password: 'wrong', code: '000000' };
    const refused = await api.post('/auth/passkeys/options').send(wrong);
    expectProblem(refused, 'validation-failed');

    const proof = { password: account.password, code: account.recoveryCodes.pop() };
    const device = new Authenticator(service.url);
    const added = await addPasskey(api, device, { proof });
    // Those of the first factor go on.
    expect(added).toMatchObject({ status: 201, body: { recoveryCodes: null } });
    expectProblem(await elsewhere.get('/tickets'), 'session-expired');
    const methods = (await api.get('/auth/session')).body.methods;
    expect(methods).toEqual(['totp', 'passkey', 'recovery']);

    await unusedAgain(service, account);
    const byCode = await afterPassword(service, account);
    const code = await account.code();
    await byCode.post('/auth/totp/verify').send({ code }).expect(200);
    expect((await signInBy(service, device)).answer).toMatchObject({ status: 200 });
  });

  it('is added after a passkey that asked for PIN, finger or face', async () => {
    const owner = await passkeyOwner(service, 'fay');
    const { api } = owner;
    const unverified = await once(owner, { isVerified: false });
    const refused = await api.post('/auth/passkeys/options').send(unverified);
    expectProblem(refused, 'passkey-invalid');

    const proof = await once(owner);
    const second = new Authenticator(service.url);
    expect(await addPasskey(api, second, { name: 'spare', proof })).toMatchObject({ status: 201 });
    const begun = await api.post('/auth/totp').send(await once(owner));
    const code = codeAt(begun.body.secret as string, 0);
    await api.post('/auth/totp/confirm').send({ code }).expect(200);
    const session = await api.get('/auth/session').expect(200);
    expect(session.body.methods).toEqual(['totp', 'passkey', 'recovery']);
  });

  it('is named, but not made, where the device has one of the account already', async () => {
    const owner = await passkeyOwner(service, 'gus');
    const options = await owner.api.post('/auth/passkeys/options').send(await once(owner));
    expect(options.body.excludeCredentials).toHaveLength(1);
    expect(() => owner.device.create(options.body as never)).toThrow('InvalidStateError');
  });

  it('gives new recovery codes where none were left', async () => {
    const owner = await passkeyOwner(service, 'hal');
    for (const code of owner.recoveryCodes) {
      const api = await afterPassword(service, owner);
      await api.post('/auth/recovery').send({ code }).expect(200);
    }
    const proof = await once(owner);
    const added = await addPasskey(owner.api, new Authenticator(service.url), { proof });
    expect(added.body.recoveryCodes).toHaveLength(10);
  });

  it('is refused beyond twenty passkeys, before the proof is used up', async () => {
    const owner = await passkeyOwner(service, 'ida');
    for (let count = 1; count < 20; count += 1) {
      const proof = await once(owner);
      const added = await addPasskey(owner.api, new Authenticator(service.url), { proof });
      expect(added).toMatchObject({ status: 201 });
    }
    const proof = await once(owner);
    const options = await owner.api.post('/auth/passkeys/options').send(proof);
    expectProblem(options, 'validation-failed');
    expect((await owner.api.get('/auth/passkeys')).body.items).toHaveLength(20);
    const response = proof.passkey;
    await owner.api.post('/auth/passkeys/verify').send({ response }).expect(200);
  });
});

describe('the list of passkeys', () => {
  it("names and renames the caller's own alone, and tells synced ones", async () => {
    const owner = await passkeyOwner(service, 'joe', new Authenticator(service.url, false));
    const other = await passkeyOwner(service, 'kim');
    const [{ id }] = (await owner.api.get('/auth/passkeys')).body.items;
    const renamed = await owner.api.patch(`/auth/passkeys/${id}`).send({ name: 'Telefon ☎' });
    expect(renamed).toMatchObject({ status: 200, body: { id, name: 'Telefon ☎' } });
    const path = `/auth/passkeys/${id}`;
    expectProblem(await other.api.patch(path).send({ name: 'mine' }), 'not-found');
    expectProblem(await other.api.post(`${path}/remove`).send(await once(other)), 'not-found');
    for (const name of ['', 'x'.repeat(101), 'nul\0', 7])
      expectProblem(await owner.api.patch(path).send({ name }), 'validation-failed');

    const signedIn = await signInBy(service, owner.device, { isSynced: true });
    const [synced] = (await signedIn.api.get('/auth/passkeys')).body.items;
    expect(synced).toMatchObject({ name: 'Telefon ☎', backedUp: true });
  });

  it('loses one after another proof, but never the last second factor', async () => {
    const owner = await passkeyOwner(service, 'lea');
    const { api } = owner;
    const spare = new Authenticator(service.url);
    const added = await addPasskey(api, spare, { name: 'spare', proof: await once(owner) });
    const { id } = added.body.passkey;
    const elsewhere = (await signInBy(service, spare)).api;
    const path = `/auth/passkeys/${id}/remove`;
    expectProblem(await api.post(path), 'validation-failed');
    await api
      .post(path)
      .send(await once(owner))
      .expect(204);
    expectProblem(await elsewhere.get('/tickets'), 'session-expired');
    expectProblem((await signInBy(service, spare)).answer, 'login-failed');
    const [{ id: last }] = (await api.get('/auth/passkeys')).body.items;
    const proof = await once(owner);
    const refused = await api.post(`/auth/passkeys/${last}/remove`).send(proof);
    expectProblem(refused, 'last-second-factor');
    // The proof was not used up by that.
    await api.post('/auth/passkeys/verify').send({ response: proof.passkey }).expect(200);
  });

  it('may be emptied where an authenticator app is enrolled', async () => {
    const { account, api } = await service.given.engineer();
    const codes = account.recoveryCodes;
    const proof = () => ({ password: account.password, code: codes.pop() });
    const added = await addPasskey(api, new Authenticator(service.url), { proof: proof() });
    await api.post(`/auth/passkeys/${added.body.passkey.id}/remove`).send(proof()).expect(204);
    expect((await api.get('/auth/session')).body.methods).toEqual(['totp', 'recovery']);
  });
});

describe('an admin', () => {
  it('resets passkeys with the second factor, and sees them in the list of users', async () => {
    const { api: admin } = await service.given.admin();
    const owner = await passkeyOwner(service, 'mia');
    const halfway = await afterPassword(service, owner);
    const answer = await proofBy(halfway, owner.device);
    const listed = await admin.get('/users?limit=1').expect(200);
    expect(listed.body.items[0]).toMatchObject({ username: 'mia', secondFactor: true });
    await admin.post(`/users/${owner.id}/reset-second-factor`).expect(204);
    expectProblem(await owner.api.get('/tickets'), 'session-expired');
    expectProblem((await signInBy(service, owner.device)).answer, 'login-failed');
    const late = await halfway.post('/auth/passkeys/verify').send({ response: answer });
    expectProblem(late, 'session-expired');
    const after = await afterPassword(service, owner);
    expect((await after.get('/auth/session')).body).toMatchObject({ secondFactor: 'enrol' });
    expect(await addPasskey(after, owner.device)).toMatchObject({ status: 201 });
  });

  it('reads in the audit who enrolled, used, renamed and removed what', async () => {
    const { api: admin } = await service.given.admin();
    const owner = await passkeyOwner(service, 'ned');
    const spare = new Authenticator(service.url);
    const added = await addPasskey(owner.api, spare, { name: 'spare', proof: await once(owner) });
    const path = `/auth/passkeys/${added.body.passkey.id}`;
    await owner.api.patch(path).send({ name: 'blue' }).expect(200);
    await owner.api
      .post(`${path}/remove`)
      .send(await once(owner))
      .expect(204);
    await signInBy(service, owner.device);
    const answer = await admin.get(`/audit-events?subject=${owner.id}`).expect(200);
    const { items } = answer.body as { items: { action: string; details: object }[] };
    expect(items.map(({ action, details }) => [action, details])).toEqual([
      ['session.began', { method: 'passkey' }],
      ['passkey.removed', { name: 'blue' }],
      ['passkey.renamed', { name: 'blue' }],
      ['session.raised', { method: 'passkey' }],
      ['second-factor.enrolled', { method: 'passkey', name: 'spare', again: true }],
      ['session.raised', { method: 'passkey' }],
      ['second-factor.enrolled', { method: 'passkey', name: 'key', again: false }],
      ['session.began', {}],
      ['user.created', { username: 'ned', role: 'engineer' }],
    ]);
  });
});
