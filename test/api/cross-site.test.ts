import type TestAgent from 'supertest/lib/agent.js';
import { cookieOf } from '../support/browsers.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { pathOf, routesOf } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { upload } from '../support/upload.js';

let service: TestService;
let api: TestAgent;

beforeAll(async () => {
  service = await startedService({ CORS_ORIGINS: 'https://desk.example.com' });
  ({ api } = await service.given.engineer());
});

type Headers = Readonly<Record<string, string>>;

const foreign: readonly Headers[] = [
  { Origin: 'https://evil.example' },
  { Origin: 'null' },
  { Origin: 'http://127.0.0.1:1' },
  { Origin: 'nonsense' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': 'something-new' },
  { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' },
];

const own = (): readonly Headers[] => [
  {},
  { Origin: service.url },
  { 'Sec-Fetch-Site': 'same-origin', Origin: service.url },
  { 'Sec-Fetch-Site': 'none' },
];

describe('a browser on a page of another site', () => {
  it.each(foreign)('changes nothing with the cookie it holds: %j', async (headers) => {
    const { number } = await service.given.ticket({ note: 'untouched' });
    for (const attempt of [
      api.patch(`/tickets/${number}`).set(headers).send({ note: 'forged' }),
      api.delete(`/tickets/${number}`).set(headers),
      api.post('/auth/logout').set(headers),
      api.post('/auth/totp').set(headers).send({}),
      api
        .post(`/tickets/${number}/tokens`)
        .set(headers)
        .set('Content-Type', 'text/plain')
        .send('{}'),
    ])
      expectProblem(await attempt, 'cross-site-request');
    const ticket = await api.get(`/tickets/${number}`).expect(200);
    expect(ticket.body).toMatchObject({ note: 'untouched' });
  });

  it.each(foreign)('does not sign anybody in or up: %j', async (headers) => {
    const body = { username: 'root', password: 'correct horse battery staple 9' };
    const login = await service.given.stranger().post('/auth/login').set(headers).send(body);
    expectProblem(login, 'cross-site-request');
    expect(login.headers['set-cookie']).toBeUndefined();
    const setUp = await service.given.stranger().post('/auth/setup').set(headers).send(body);
    expectProblem(setUp, 'cross-site-request');
  });

  it('may follow a link: reading changes nothing', async () => {
    for (const headers of foreign) await api.get('/tickets').set(headers).expect(200);
  });

  it('may not read the answer: no header allows it', async () => {
    for (const headers of foreign) {
      const answer = await api.get('/tickets').set(headers);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe("the service's own page", () => {
  it('does what it wants', async () => {
    const { number } = await service.given.ticket();
    for (const headers of own())
      await api.patch(`/tickets/${number}`).set(headers).send({ note: 'ours' }).expect(200);
  });
});

describe('a site among CORS_ORIGINS', () => {
  const desk = { Origin: 'https://desk.example.com', 'Sec-Fetch-Site': 'same-site' };
  const cors = ({ headers }: Answer) =>
    Object.keys(headers).filter((name) => name.startsWith('access-control'));

  const preflight = (path: string, method: string): Promise<Answer> =>
    send(service.url + path, {
      method: 'OPTIONS',
      headers: {
        ...desk,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'upload-token',
      },
    });

  /** Of each route in the OpenAPI document, whom it is for. */
  const rights = async (): Promise<ReadonlyMap<string, string | undefined>> => {
    const { body } = await send(`${service.url}/api/v1/openapi.json`, { method: 'GET' });
    const paths = body.paths as Record<string, Record<string, { 'x-right'?: string }>>;
    return new Map(
      Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(
          ([method, operation]) =>
            [
              `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
              operation['x-right'],
            ] as const,
        ),
      ),
    );
  };

  it('may ask with an upload token on the routes that are for one, and nothing else', async () => {
    const rightOf = await rights();
    const differing: unknown[] = [];
    for (const { method, path } of routesOf(service)) {
      const isTusOptions = method === 'OPTIONS' && path === '/api/v1/uploads';
      const isForUploads =
        isTusOptions || rightOf.get(`${method} ${path}`)?.startsWith('upload-token') === true;
      const asked = await preflight(pathOf(path), method);
      const isLetIn = asked.headers['access-control-allow-origin'] === desk.Origin;
      if (isLetIn !== isForUploads || (!isLetIn && cors(asked).length > 0))
        differing.push({ method, path, isLetIn, isForUploads });
    }
    expect(differing).toEqual([]);
  });

  it('uploads, and may read what it needs to know what it got and where to resume', async () => {
    const asked = await preflight('/api/v1/archives/logs.tgz', 'PUT');
    expect(asked).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': desk.Origin,
        'access-control-allow-methods': 'POST,PUT',
        'access-control-allow-headers': 'upload-token',
      },
    });
    const token = await service.given.uploadToken();
    const stored = await upload(service.url, token, { headers: desk });
    expect(stored).toMatchObject({
      status: 201,
      headers: { 'access-control-allow-origin': desk.Origin },
    });
    expect(stored.headers.vary).toContain('Origin');
    const exposed = String(stored.headers['access-control-expose-headers']).split(',');
    const needed = ['Archive-Id', 'Location', 'Repr-Digest', 'Retry-After', 'Upload-Offset'];
    expect(exposed).toEqual(expect.arrayContaining([...needed, 'X-Request-Id']));
    const { body } = await send(`${service.url}/api/v1/upload-token`, {
      method: 'GET',
      headers: { ...desk, 'Upload-Token': token.value },
    });
    expect(body).toMatchObject({ archives: [{ id: stored.body.id }] });
  });

  it('is never allowed the cookie', async () => {
    const token = await service.given.uploadToken();
    const answers = [
      await preflight('/api/v1/uploads', 'POST'),
      await upload(service.url, token, { headers: { ...desk, Cookie: cookieOf(api) } }),
    ];
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe(desk.Origin);
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  it('changes nothing with the cookie of whoever looks at it, an admin among them', async () => {
    const { api: adminApi } = await service.given.admin();
    const body = { username: 'intruder', password: 'correct horse battery 7', role: 'admin' };
    const made = await adminApi.post('/users').set(desk).send(body);
    expectProblem(made, 'cross-site-request');
    expect(cors(made)).toEqual([]);
    const { number } = await service.given.ticket();
    const changed = await api.patch(`/tickets/${number}`).set(desk).send({ note: 'desk' });
    expectProblem(changed, 'cross-site-request');
  });

  it('reads nothing with it either', async () => {
    for (const path of ['/tickets', '/archives', '/auth/session'])
      expect(cors(await api.get(path).set(desk).expect(200))).toEqual([]);
  });

  it('is named exactly', async () => {
    for (const Origin of ['http://desk.example.com', 'https://desk.example.com.evil.example']) {
      const token = await service.given.uploadToken();
      const answer = await upload(service.url, token, { headers: { Origin } });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('a request that is proved by itself', () => {
  it('is never subject to it: neither an API key nor an upload token', async () => {
    const key = await service.given.apiKey(['tickets:write']);
    const { number } = await service.given.ticket();
    const cookie = cookieOf(api);
    const token = await service.given.uploadToken({ attempts: 100 });
    for (const headers of foreign) {
      const change = key.api.patch(`/tickets/${number}`).set(headers);
      await change.send({ note: 'key' }).expect(200);
      const withCookie = key.api.patch(`/tickets/${number}`).set({ ...headers, Cookie: cookie });
      await withCookie.send({ note: 'key' }).expect(200);
      expect(await upload(service.url, token, { headers })).toMatchObject({ status: 201 });
      const inForm = { headers: { ...headers, Cookie: cookie }, fields: { token: token.value } };
      expect(await upload(service.url, null, inForm)).toMatchObject({ status: 201 });
    }
  });
});

it('has no site that may call by default', async () => {
  const plain = await startedService();
  for (const headers of foreign) {
    const answer = await send(`${plain.url}/api/v1/health`, { method: 'GET', headers });
    const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control'));
    expect(cors).toEqual([]);
  }
});
