import { scopes } from '../../src/http/allow.js';
import { newSecret } from '../../src/secrets/secrets.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { isAt, pathOf, routesOf } from '../support/routes.js';
import type { Route } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
let routes: readonly Route[];
/** Of an API key that may do all that keys may. */
let key: Readonly<Record<string, string>>;

beforeAll(async () => {
  service = await startedService();
  routes = routesOf(service);
  key = { Authorization: `Bearer ${(await service.given.apiKey(scopes)).value}` };
});

const at = (path: string) => service.url + path;
const json = { 'Content-Type': 'application/json' };

describe('a request id', () => {
  it("is the client's own where it has the right form", async () => {
    for (const id of ['a', 'Desk-7.retry_2', 'x'.repeat(128)]) {
      const headers = { 'X-Request-Id': id };
      const answer = await send(at('/api/v1/tickets'), { method: 'GET', headers });
      expect(expectProblem(answer, 'credentials-missing').requestId).toBe(id);
    }
  });

  it('is a new one where the client sent none or a bad one', async () => {
    const ids = new Set<unknown>();
    for (const id of [undefined, '', 'a b', 'x'.repeat(129), 'é', '{"a":1}', 'a,b']) {
      const headers =
        id === undefined ? {} : { 'X-Request-Id': Buffer.from(id).toString('latin1') };
      const answer = await send(at('/health/live'), { method: 'GET', headers });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      ids.add(answer.headers['x-request-id']);
    }
    expect(ids.size).toBe(7);
  });

  it.each(['lct_', 'lck_', 'lcd_', 'lcs_'] as const)(
    'is a new one where the client sent a secret (%s…)',
    async (prefix) => {
      const secret = newSecret(prefix);
      for (const id of [secret, `retry-${secret}`]) {
        const headers = { 'X-Request-Id': id };
        const answer = await send(at('/api/v1/tickets'), { method: 'GET', headers });
        const { requestId } = expectProblem(answer, 'credentials-missing');
        expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
        expect(JSON.stringify(answer)).not.toContain(secret);
      }
    },
  );
});

describe('a route', () => {
  it('answers the same with a slash at its end', async () => {
    // Swagger UI loads its assets from below /api/docs/ and redirects there.
    for (const { method, path } of routes.filter((route) => route.path !== '/api/docs')) {
      const plain = await send(at(pathOf(path)), { method });
      const slashed = await send(at(`${pathOf(path)}/`), { method });
      const told = ({ status, body }: typeof plain) => ({ method, path, status, code: body?.code });
      expect(told(slashed)).toEqual(told(plain));
    }
  });

  it('names in Allow what it takes, where the method is another', async () => {
    for (const path of new Set(routes.map((route) => pathOf(route.path)))) {
      const taken = routes.filter((route) => isAt(route, path)).map(({ method }) => method);
      const allowed = taken.includes('GET') ? [...taken, 'HEAD'] : taken;
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
        if (taken.includes(method)) continue;
        const answer = await send(at(path), { method });
        expectProblem(answer, 'method-not-allowed');
        expect(answer.headers.allow?.split(', ').sort()).toEqual([...new Set(allowed)].sort());
      }
    }
  });

  it('answers HEAD as it answers GET, without the body', async () => {
    for (const { path } of routes.filter(({ method }) => method === 'GET')) {
      const [get, head] = await Promise.all(
        ['GET', 'HEAD'].map((method) => send(at(pathOf(path)), { method, headers: key })),
      );
      expect({ path, status: head?.status }).toEqual({ path, status: get?.status });
      expect(head?.headers['content-type']).toBe(get?.headers['content-type']);
      expect(head?.text).toBe('');
    }
  });

  it('that there is none of is 404, whoever asks and however', async () => {
    for (const path of [
      '/api/v1/nothing',
      '/api/v2/tickets',
      '/.env',
      '/.git/config',
      '/package.json',
    ])
      for (const method of ['GET', 'POST', 'DELETE']) {
        expectProblem(await send(at(path), { method }), 'not-found');
        expectProblem(await send(at(path), { method, headers: key }), 'not-found');
      }
  });
});

describe('a JSON body', () => {
  const post = (body: string | Buffer, headers: Readonly<Record<string, string>> = json) =>
    send(at('/api/v1/platforms'), { method: 'POST', headers: { ...key, ...headers }, body });

  it('that is not JSON is refused', async () => {
    for (const body of [
      '{',
      '{"name":}',
      "{'name': 1}",
      '<a/>',
      '{"name":"a"}{"name":"b"}',
      'name=a',
    ])
      expectProblem(await post(body), 'validation-failed');
  });

  it('that is no object is refused', async () => {
    for (const body of ['null', '1', '"text"', '[]', '[{"name":"a","title":"b"}]', 'true', ''])
      expectProblem(await post(body), 'validation-failed');
  });

  it('of more than 64 KiB is refused, whether or not it says its length', async () => {
    const body = JSON.stringify({ name: 'a', title: 'x'.repeat(65 * 1024) });
    expectProblem(await post(body), 'body-too-large');
    expectProblem(await post(body, { ...json, 'Transfer-Encoding': 'chunked' }), 'body-too-large');
  });

  it('in another character set, encoding or type is refused', async () => {
    const body = JSON.stringify({ name: 'other-charset', title: 'b' });
    for (const headers of [
      { 'Content-Type': 'application/json; charset=latin1' },
      { 'Content-Type': 'application/json; charset=nonsense' },
      { ...json, 'Content-Encoding': 'nonsense' },
      { ...json, 'Content-Encoding': 'gzip' },
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      { 'Content-Type': 'multipart/form-data; boundary=x' },
    ]) {
      const { status } = await post(body, headers);
      expect({ headers, status }).toEqual({ headers, status: 400 });
    }
    const { body: list } = await send(at('/api/v1/platforms'), { method: 'GET', headers: key });
    expect(JSON.stringify(list)).not.toContain('other-charset');
  });

  it('may not set what it does not name, nor the prototype of anything', async () => {
    const fieldsOf = async (body: string) =>
      expectProblem(await post(body), 'validation-failed').errors?.map(({ field }) => field);
    const known = '"name":"polluted","title":"b"';
    expect(await fieldsOf(`{${known},"id":"x","createdAt":1}`)).toEqual(['id', 'createdAt']);
    for (const evil of ['"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}'])
      expect((await fieldsOf(`{${known},${evil}}`))?.length).toBe(1);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const { body: list } = await send(at('/api/v1/platforms'), { method: 'GET', headers: key });
    expect(JSON.stringify(list)).not.toContain('polluted');
  });
});

describe('a validation error', () => {
  it('names every field that is wrong, in a sentence that says what to do', async () => {
    const body = JSON.stringify({ name: 'No Slug', title: 7, tokenAttempts: 1.5, more: true });
    const answer = await send(at('/api/v1/platforms'), {
      method: 'POST',
      headers: { ...key, ...json },
      body,
    });
    const { errors } = expectProblem(answer, 'validation-failed');
    const fields = errors?.map(({ field }) => field) ?? [];
    expect([...new Set(fields)].sort()).toEqual(['more', 'name', 'title', 'tokenAttempts']);
    for (const { message } of errors ?? []) expect(message).toMatch(/must|should not/);
  });

  it('never repeats a secret, wherever it was put', async () => {
    const secret = 'S3cret-canary-of-somebody';
    const { api } = await service.given.admin();
    const answers = [
      await api.post('/auth/login').send({ username: 'root', password: [secret] }),
      await api
        .post('/auth/login')
        .send({ username: { [secret]: 1 }, password: secret.repeat(20) }),
      await api
        .post('/auth/setup')
        .send({ token: secret.repeat(9), username: '', password: secret }),
      await api.post('/auth/password').send({ current: [secret], next: `${secret}\0` }),
      await api.post('/auth/totp/verify').send({ code: secret.repeat(3) }),
      await api.post('/users').send({ username: 'x', role: secret, password: secret.repeat(30) }),
      await api.post('/api-keys').send({ name: 'x', scopes: [secret], expiresAt: secret }),
      await api.post('/auth/login').set(json).send(`{"password":"${secret}"`),
      await api.get(`/tickets?limit=${secret}&cursor=${secret}`),
      await api.get('/tickets').query({ state: secret, platform: [secret] }),
      await api.get(`/tickets/${secret}!`),
      await api.get(`/nothing/${secret}`),
    ];
    for (const { status, text } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain(secret);
    }
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('is answered in the same form: %s', async (_what, bytes, status) => {
    const socket = await rawSocket(service.url);
    socket.write(bytes);
    const [head = '', body = ''] = (await socket.closed()).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const requestId = /^x-request-id: (.*)$/im.exec(head)?.[1];
    expect(JSON.parse(body)).toMatchObject({ status, requestId });
    expect(head).toMatch(/content-type: application\/problem\+json/i);
  });
});
