import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { codeAt } from '../support/codes.js';
import { admin } from '../support/given.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { prefixProxy } from '../support/prefix-proxy.js';
import { pathOf } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const { paths } = JSON.parse(
  readFileSync(resolve(__dirname, '../../docs/openapi.json'), 'utf8'),
) as Document;

const knownMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

interface Address {
  readonly shape: RegExp;
  readonly path: string;
  readonly methods: Set<string>;
}

/** What the document says of every address; two that differ in the name of their key alone are one. */
const documented = new Map<string, Address>();
for (const [path, operations] of Object.entries(paths)) {
  const shape = path.replace(/\{\w+\}/g, '{}');
  const at = documented.get(shape) ?? {
    shape: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    path: pathOf(path.replace(/\{(\w+)\}/g, ':$1')),
    methods: new Set(),
  };
  for (const method of Object.keys(operations).map((name) => name.toUpperCase()))
    if (knownMethods.includes(method)) at.methods.add(method);
  documented.set(shape, at);
}
const addresses = [...documented.values()];

type Headers = Readonly<Record<string, string>>;

const foreign = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
const credentials: readonly Headers[] = [
  {},
  foreign,
  { 'Upload-Token': `lct_${'x'.repeat(32)}` },
  { Authorization: `Bearer lck_${'x'.repeat(32)}` },
  { Cookie: '__Host-lc_session=forged' },
];

/** Every answer of a service that people reach by https. @param what is told where it is not so */
const expectGuarded = ({ status, headers, text }: Answer, what: string): void => {
  const { allow, ...said } = headers;
  const of = (name: string): unknown => ({ what, [name]: said[name] });
  expect(of('x-content-type-options')).toEqual({ what, 'x-content-type-options': 'nosniff' });
  expect(of('referrer-policy')).toEqual({ what, 'referrer-policy': 'no-referrer' });
  expect(of('cache-control')).toEqual({ what, 'cache-control': 'no-store' });
  expect(String(said['strict-transport-security'])).toMatch(/^max-age=31536000\b/);
  const policy = String(said['content-security-policy']);
  expect(policy).toMatch(/(^|;) ?default-src '(self|none)'/);
  expect(policy).toMatch(/(^|;) ?frame-ancestors 'none'/);
  expect(policy).not.toMatch(/unsafe-|\*|https?:/);
  const names = Object.keys(said);
  expect({ what, names }).not.toMatchObject({ names: expect.arrayContaining(['x-powered-by']) });
  expect(names.filter((name) => /^(access-control-|server$)/.test(name))).toEqual([]);
  if (status === 401) expect(said['www-authenticate']).toMatch(/^(Bearer|Basic) realm=/);
  if (status === 405)
    expect({ what, allow }).toEqual({ what, allow: expect.stringMatching(/^[A-Z]/) });
  if (status >= 400 && text !== '') expectProblem({ status, headers, text }, codeOf(text));
};

const codeOf = (text: string): ErrorCode => (JSON.parse(text) as { code: ErrorCode }).code;

/** A stream has no end to wait for. */
const isStream = (path: string, method: string): boolean =>
  path.endsWith('/events') && method === 'GET';

let service: TestService;

beforeAll(async () => {
  service = await startedService({ PUBLIC_URL: 'https://logs.example.com' });
});

const call = (method: string, path: string, headers: Headers = {}): Promise<Answer> =>
  send(service.url + path, { method, headers });

describe('every route of the document', () => {
  it('guards its answers, whoever asks by whatever method', async () => {
    for (const { path, methods } of addresses)
      await Promise.all(
        [...knownMethods, 'TRACE'].flatMap((method) =>
          (methods.has(method) ? credentials : [foreign]).map(async (headers) =>
            expectGuarded(await call(method, path, headers), `${method} ${path}`),
          ),
        ),
      );
  });

  it('says in Allow what it takes, and takes nothing else', async () => {
    for (const { path } of addresses) {
      // `…/options` could be a key as well, and is taken for one by the methods that only keys have.
      const methods = addresses
        .filter((at) => at.shape.test(path))
        .flatMap((at) => [...at.methods]);
      const taken = new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
      for (const method of [...knownMethods, 'TRACE', 'PROPFIND']) {
        if (taken.has(method)) continue;
        const answer = await call(method, path);
        expect({ method, path, status: answer.status }).toEqual({ method, path, status: 405 });
        const allowed = answer.headers.allow?.split(', ').sort();
        expect({ path, allowed }).toEqual({ path, allowed: [...taken].sort() });
      }
    }
  });

  it('shows a page to GET and HEAD alone', async () => {
    const browser = { Accept: 'text/html' };
    for (const [path, headers] of [
      ['/', {}],
      ['/upload', {}],
      ['/tickets', browser],
    ] as const)
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
        const answer = await call(method, path, headers);
        expectProblem(answer, 'method-not-allowed');
        expect(answer.headers.allow).toBe('GET, HEAD');
      }
    expectProblem(await call('POST', '/tickets'), 'not-found');
  });

  it('refuses who may not, however the address is written', async () => {
    for (const { path, methods } of addresses)
      for (const method of methods) {
        const plain = await call(method, path);
        const [, first = '', rest = ''] = /^(\/[^/]+)(.*)$/.exec(path) ?? [];
        for (const written of [
          `/${path}`,
          `${first}/${rest}`,
          `${path}//`,
          path.toUpperCase(),
          `${first}%2f${rest.slice(1)}`,
          `/%2e${path}`,
          `/x/..${path}`,
          `${path};a=b`,
          `${path}%00`,
        ]) {
          const answer = await call(method, written);
          const isSame = answer.status === plain.status;
          const isNone = [404, 400, 405].includes(answer.status);
          // A page of the web UI is shown at addresses that are none of the API's.
          const isPage = String(answer.headers['content-type']).startsWith('text/html');
          expect({ method, written, fine: isSame || isNone || isPage }).toEqual({
            ...{ method, written, fine: true },
          });
        }
      }
  });

  it('cares for no method but the one that it is asked by', async () => {
    for (const { path, methods } of addresses) {
      // Of tus 1.0.0, where the document says so.
      if (path.startsWith('/api/v1/uploads/')) continue;
      for (const method of methods) {
        if (isStream(path, method)) continue;
        const { status } = await call(method, path);
        for (const other of ['DELETE', 'GET']) {
          const overriding = Object.fromEntries(
            ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].map((name) => [
              name,
              other,
            ]),
          );
          expect({ method, path, status: (await call(method, path, overriding)).status }).toEqual({
            ...{ method, path, status },
          });
        }
      }
    }
  });
});

it('guards pages, redirects and what is no request at all', async () => {
  const html = { Accept: 'text/html,*/*' };
  for (const path of ['/', '/upload', '/tickets', '/no/such/page', '/api/docs', '/api/docs/'])
    for (const method of ['GET', 'HEAD']) {
      const { headers, status } = await call(method, path, html);
      const what = `${method} ${path} ${status}`;
      expect({ what, value: headers['x-content-type-options'] }).toEqual({
        what,
        value: 'nosniff',
      });
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['strict-transport-security']).toMatch(/^max-age=31536000\b/);
      expect(headers['content-security-policy']).toMatch(/frame-ancestors 'none'/);
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  const socket = await rawSocket(service.url);
  socket.write('no request at all\r\n\r\n');
  const [head = ''] = (await socket.closed()).split('\r\n\r\n');
  expect(head).toMatch(/^x-content-type-options: nosniff$/im);
  expect(head).toMatch(/^content-security-policy: .*frame-ancestors 'none'/im);
  expect(head).toMatch(/^referrer-policy: no-referrer$/im);
  expect(head).toMatch(/^cache-control: no-store$/im);
});

describe('CORS_ORIGINS', () => {
  it('lets that origin alone read, and no other', async () => {
    const origin = 'https://desk.example.com';
    const own = await startedService({ CORS_ORIGINS: origin });
    const by = async (Origin: string) =>
      (await send(`${own.url}/api/v1/upload-token`, { method: 'GET', headers: { Origin } }))
        .headers;
    expect(await by(origin)).toMatchObject({ 'access-control-allow-origin': origin });
    for (const other of ['https://evil.example', 'null', `${origin}.evil.example`])
      expect(await by(other)).not.toHaveProperty('access-control-allow-origin');
  });
});

/** Signs the first admin in by hand: a client of http keeps a Secure cookie to itself. */
const entered = async (url: string, headers: Headers = {}): Promise<Answer> =>
  send(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(admin),
  });

const cookieIn = ({ headers }: Answer): string => String(headers['set-cookie']?.[0]);
const pairIn = (answer: Answer): string => cookieIn(answer).split(';')[0] ?? '';

const who = (url: string, Cookie: string, headers: Headers = {}): Promise<Answer> =>
  send(`${url}/api/v1/auth/session`, { method: 'GET', headers: { Cookie, ...headers } });

describe('the session’s cookie', () => {
  const whole = /^__Host-lc_session=[\w-]+\.[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/;

  it('is of this very host alone over https, also after the second factor, and until the end', async () => {
    const { url } = service;
    const began = await entered(url);
    expect(cookieIn(began)).toMatch(whole);
    const json = { 'Content-Type': 'application/json', Cookie: pairIn(began) };
    const post = (path: string, body: object, headers: Headers = json) =>
      send(`${url}/api/v1/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { body } = await post('totp', {});
    const proved = await post('totp/confirm', { code: codeAt(String(body.secret), 0) });
    expect(proved.status).toBe(200);
    expect(cookieIn(proved)).toMatch(whole);
    expect(pairIn(proved)).not.toBe(pairIn(began));
    expect(await who(url, pairIn(proved))).toMatchObject({ status: 200, body: { aal: 2 } });
    const left = await post('logout', {}, { ...json, Cookie: pairIn(proved) });
    expect(left.status).toBe(204);
    expect(cookieIn(left)).toMatch(/^__Host-lc_session=; Path=\/; .*HttpOnly; Secure; /);
    expectProblem(await who(url, pairIn(proved)), 'session-expired');
  });

  it('of another name, which a neighbouring host could plant, is not read over https', async () => {
    const planted = pairIn(await entered(service.url)).replace('__Host-', '');
    expectProblem(await who(service.url, planted), 'credentials-missing');
    const other = planted.replace('lc_session', '__Secure-lc_session');
    expectProblem(await who(service.url, other), 'credentials-missing');
  });

  it('keeps to its path where PUBLIC_URL has one: the prefix __Host- would send it to neighbours', async () => {
    const proxy = await prefixProxy('/team/logs', 'cut');
    const own = await startedService({ PUBLIC_URL: 'https://example.com/team/logs/' });
    proxy.aim(own.url);
    const began = await entered(proxy.url);
    expect(cookieIn(began)).toMatch(
      /^__Secure-lc_session=[\w-]+\.[\w-]+; Path=\/team\/logs\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(await who(proxy.url, pairIn(began))).toMatchObject({ status: 200 });
  });

  it('has no prefix over http, which no browser would take', async () => {
    const own = await startedService();
    expect(cookieIn(await entered(own.url))).toMatch(/^lc_session=/);
  });
});
