import { expectProblem, rawSocket, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { pathOf, routesOf } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { upload } from '../support/upload.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

/** Directives of a Content-Security-Policy, by name. */
const policyOf = ({ headers }: Pick<Answer, 'headers'>): Readonly<Record<string, string[]>> => {
  const field = headers['content-security-policy'];
  return Object.fromEntries(
    String(field)
      .split(';')
      .map((directive) => {
        const [name = '', ...values] = directive.trim().split(/\s+/);
        return [name, values];
      }),
  );
};

const expectSafe = (answer: Pick<Answer, 'headers'>, what: string): void => {
  const { headers } = answer;
  expect({ what, nosniff: headers['x-content-type-options'] }).toEqual({
    what,
    nosniff: 'nosniff',
  });
  expect(headers['referrer-policy']).toBe('no-referrer');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['x-request-id']).toMatch(/./);
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('server');
  expect(headers).not.toHaveProperty('strict-transport-security');
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  const policy = policyOf(answer);
  expect(policy['default-src']).toBeDefined();
  expect(JSON.stringify(policy)).not.toMatch(/unsafe-inline|unsafe-eval|\*|https?:/);
};

describe('every answer', () => {
  it('tells the browser to trust it with nothing, whatever the route and the caller', async () => {
    const key = await service.given.apiKey(['tickets:read']);
    for (const { method, path } of routesOf(service))
      for (const headers of [{}, { Authorization: `Bearer ${key.value}` }]) {
        const answer = await send(service.url + pathOf(path), { method, headers });
        expectSafe(answer, `${method} ${path}`);
        expect(policyOf(answer)['frame-ancestors']).toEqual(["'none'"]);
      }
  });

  it('does so also where it is an error', async () => {
    const json = { 'Content-Type': 'application/json' };
    const token = await service.given.uploadToken();
    for (const [what, answer] of Object.entries({
      notFound: await send(`${service.url}/nothing`, { method: 'GET' }),
      notAllowed: await send(`${service.url}/api/v1/tickets`, { method: 'PUT' }),
      malformed: await send(`${service.url}/api/v1/tickets/%ff`, { method: 'GET' }),
      badJson: await send(`${service.url}/api/v1/auth/login`, {
        method: 'POST',
        headers: json,
        body: '{',
      }),
      tooLarge: await send(`${service.url}/api/v1/auth/login`, {
        method: 'POST',
        headers: json,
        body: 'x'.repeat(70_000),
      }),
      empty: await upload(service.url, token, { bytes: '' }),
      stranger: await upload(service.url, null),
    })) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectSafe(answer, what);
    }
  });

  it('does so for what a person sees and takes', async () => {
    const { api } = await service.given.admin();
    for (const path of ['/tickets', '/users', '/auth/session', '/audit-events', '/storage'])
      expectSafe(await api.get(path).expect(200), path);
    const token = await service.given.uploadToken();
    expectSafe(await upload(service.url, token), 'upload');
  });

  it('of an archive is never rendered, and is kept by no cache', async () => {
    const { api } = await service.given.admin();
    const evil = '<script>alert(1)</script>';
    const { id } = await service.given.archive({ name: 'evil.html', bytes: evil });
    const link = await api.post(`/archives/${id}/download-link`).expect(201);
    const { url } = link.body as { url: string };
    const answers: Pick<Answer, 'headers'>[] = [
      await api.get(`/archives/${id}/content`).expect(200),
      await api.head(`/archives/${id}/content`).expect(200),
      await api.get(`/archives/${id}/content`).set('Range', 'bytes=0-3').expect(206),
      await send(url, { method: 'GET' }),
    ];
    for (const answer of answers) {
      expectSafe(answer, 'content');
      expect(answer.headers['content-type']).toBe('application/octet-stream');
      expect(answer.headers['content-disposition']).toMatch(/^attachment/);
      const none = ["'none'"];
      const policy = { sandbox: [], 'default-src': none, 'frame-ancestors': none };
      expect(policyOf(answer)).toMatchObject(policy);
    }
  });

  it('is not compressed, even where the client would take it', async () => {
    const { api } = await service.given.admin();
    const { id } = await service.given.archive({ bytes: 'a'.repeat(5000) });
    const gzip = { 'Accept-Encoding': 'gzip, br, zstd' };
    for (const path of [`/archives/${id}/content`, '/audit-events?limit=200', '/openapi.json']) {
      const { headers } = await api.get(path).set(gzip).expect(200);
      expect(headers).not.toHaveProperty('content-encoding');
    }
  });
});

describe('HTTPS', () => {
  it('is asked for by name where PUBLIC_URL is one, for a year', async () => {
    const secure = await startedService({ PUBLIC_URL: 'https://logs.example.com' });
    for (const path of ['/health/live', '/api/v1/tickets', '/nothing']) {
      const { headers } = await send(secure.url + path, { method: 'GET' });
      const [, seconds] = /^max-age=(\d+)/.exec(String(headers['strict-transport-security'])) ?? [];
      expect(Number(seconds)).toBeGreaterThanOrEqual(31_536_000);
    }
  });
});

describe('an answer that is given before the whole request came', () => {
  it('closes the connection instead of reading the rest', async () => {
    const socket = await rawSocket(service.url);
    socket.write(
      'POST /api/v1/archives HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000000\r\n\r\nx',
    );
    const text = await socket.closed();
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text).toMatch(/^connection: close$/im);
    expect(text).toContain('"credentials-missing"');
  });

  it('does not ask a client that waits for it to send its body', async () => {
    const socket = await rawSocket(service.url);
    socket.write(
      'PUT /api/v1/archives/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n',
    );
    const text = await socket.closed();
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text).not.toContain('100 Continue');
  });
});

it('has no file of its own source, and follows no path out of where it is', async () => {
  for (const path of [
    ...['/.env', '/.git/HEAD', '/package.json', '/dist/src/main.js', '/src/main.ts', '/secret.key'],
    ...['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/api/docs/../../package.json'],
    ...['/api/docs/%2e%2e/%2e%2e/package.json', '/api/docs/..%2f..%2fpackage.json'],
  ])
    expectProblem(await send(service.url + path, { method: 'GET' }), 'not-found');
  // The folder of Swagger UI answers for itself.
  const own = await send(`${service.url}/api/docs/package.json`, { method: 'GET' });
  expect(own.status).toBe(404);
});
