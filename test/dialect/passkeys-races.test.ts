import { Authenticator } from '../support/authenticator.js';
import { afterPassword } from '../support/browsers.js';
import {
  addPasskey,
  newcomer,
  passkeyOwner,
  proofBy,
  signInAnswer,
  signInBy,
} from '../support/passkeys.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

describe('of many at once', () => {
  it('with one answer, to however many replicas, one signs in', async () => {
    // One that does not count: the challenge alone decides.
    const device = new Authenticator(service.url, false);
    await passkeyOwner(service, 'ned', device);
    const replicas = await replicasOf(service, 3, { PUBLIC_URL: service.url });
    const response = await signInAnswer(service, device);
    const answers = await Promise.all(
      Array.from({ length: 9 }, (_none, index) =>
        (replicas[index % replicas.length] ?? service).given
          .stranger()
          .post('/auth/passkeys/sign-in')
          .send({ response }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('with one counter one signs in', async () => {
    const { device } = await passkeyOwner(service, 'oda');
    const replicas = await replicasOf(service, 3, { PUBLIC_URL: service.url });
    const responses = await Promise.all(
      Array.from({ length: 4 }, () => signInAnswer(service, device, { counter: 77 })),
    );
    const answers = await Promise.all(
      responses.map((response, index) =>
        (replicas[index % replicas.length] ?? service).given
          .stranger()
          .post('/auth/passkeys/sign-in')
          .send({ response }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('who enrol a first factor one does: what the password alone opens is not opened twice', async () => {
    const person = await newcomer(service, 'pia');
    const browsers = [person.api];
    for (let count = 1; count < 6; count += 1) browsers.push(await afterPassword(service, person));
    const bodies = await Promise.all(
      browsers.map(async (api) => {
        const options = await api.post('/auth/passkeys/options').expect(200);
        return {
          name: 'key',
          response: new Authenticator(service.url).create(options.body as never),
        };
      }),
    );
    const answers = await Promise.all(
      browsers.map((api, index) => api.post('/auth/passkeys').send(bodies[index])),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const winner = browsers[answers.findIndex(({ status }) => status === 201)];
    expect((await winner?.get('/auth/passkeys'))?.body.items).toHaveLength(1);
  });

  it('who remove the last two passkeys one does', async () => {
    const owner = await passkeyOwner(service, 'quin', new Authenticator(service.url, false));
    const { api, device } = owner;
    const spare = new Authenticator(service.url, false);
    const proof = { passkey: await proofBy(api, device) };
    await addPasskey(api, spare, { proof });
    const other = (await signInBy(service, spare)).api;
    const [first, second] = (await api.get('/auth/passkeys')).body.items;
    const answers = await Promise.all([
      api.post(`/auth/passkeys/${first.id}/remove`).send({ passkey: await proofBy(api, device) }),
      other
        .post(`/auth/passkeys/${second.id}/remove`)
        .send({ passkey: await proofBy(other, spare) }),
    ]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });
});
