import type TestAgent from 'supertest/lib/agent.js';
import { cookieOf } from '../support/browsers.js';
import { expectProblem, send } from '../support/http.js';
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
  const desk = { Origin: 'https://desk.example.com', 'Sec-Fetch-Site': 'cross-site' };

  it('may call, after asking', async () => {
    const { number } = await service.given.ticket();
    const asked = await send(`${service.url}/api/v1/tickets/${number}`, {
      method: 'OPTIONS',
      headers: {
        ...desk,
        'Access-Control-Request-Method': 'PATCH',
        'Access-Control-Request-Headers': 'content-type',
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': desk.Origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': expect.stringContaining('PATCH'),
    });
    const changed = await api.patch(`/tickets/${number}`).set(desk).send({ note: 'desk' });
    expect(changed).toMatchObject({ status: 200 });
    expect(changed.headers['access-control-allow-origin']).toBe(desk.Origin);
    expect(changed.headers.vary).toContain('Origin');
  });

  it('may read what a page needs to know what it got, and where to go on', async () => {
    const { headers } = await api.get('/tickets').set(desk);
    const exposed = String(headers['access-control-expose-headers']).split(',');
    const needed = [
      ...['Accept-Ranges', 'Content-Disposition', 'Content-Range', 'ETag', 'Repr-Digest'],
      ...['Location', 'Retry-After', 'Upload-Offset', 'X-Request-Id'],
    ];
    expect(exposed).toEqual(expect.arrayContaining(needed));
  });

  it('is named exactly', async () => {
    for (const Origin of ['http://desk.example.com', 'https://desk.example.com.evil.example']) {
      const answer = await api.post('/auth/totp').set({ Origin }).send({});
      expectProblem(answer, 'cross-site-request');
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
