import { scopes } from '../../src/http/allow.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { Authenticator } from '../support/authenticator.js';
import type { Answer, Sending } from '../support/http.js';
import { expectProblem, send } from '../support/http.js';
import { someOptions } from '../support/passkeys.js';
import { pathOf, routesOf } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
/** Of an admin's browser. */
let cookie: Readonly<Record<string, string>>;
let upload: Readonly<Record<string, string>>;

beforeAll(async () => {
  service = await startedService();
  const { given } = service;
  const { api } = await given.admin();
  const { value } = await given.uploadToken({ attempts: 1000 });
  upload = { 'Upload-Token': value };
  const url = new URL(service.url);
  const jar = api.jar.getCookies({ domain: url.hostname, path: '/', secure: false, script: false });
  cookie = { Cookie: jar.map(({ name, value: text }) => `${name}=${text}`).join('; ') };
  expect(await call('GET', '/api/v1/audit-events')).toMatchObject({ status: 200 });
});

const call = (method: string, path: string, more: Partial<Sending> = {}): Promise<Answer> =>
  send(service.url + path, { method, headers: cookie, ...more });

/** What the program must have an answer for that is not 500: it says so, and in its own form. */
const expectRefusal = (answer: Answer, what: unknown): void => {
  const { status } = answer;
  expect({ what, refused: status >= 400 && status < 500 }).toEqual({ what, refused: true });
  // An answer to HEAD has its status alone.
  if (String(what).startsWith('HEAD ')) return;
  expectProblem(answer, answer.body?.code as ErrorCode);
  expect(answer.text).not.toMatch(/SQLITE|syntax error|invalid input|at .*\.(ts|js):|node_modules/);
};

/** As they stand in an address. */
const hostileKeys = [
  ...['1e99', '-1', '0', 'NaN', '99999999999999999999', '0x10', 'null', 'undefined', '[]'],
  ...['%00', 'a%00b', '%ff', '%c3%28', '%', '%zz', '%ed%a0%80', '%E2%80%AE', '%0d%0aX-Evil:%201'],
  ...['..%2f', '..%2f..%2fetc%2fpasswd', '%2e%2e', '..%5c', '%2f', "'%20OR%20'1'='1", '%25', '_'],
  ...['019AA2F0-6C1E-7B52-9D3C-0F6F3F1B2A10', 'x'.repeat(5000), '%F0%9F%92%A3', '{"a":1}', '*'],
];

/** As they stand in a query's value. */
const hostileValues = [
  ...hostileKeys.filter((key) => !/^%(zz)?$|%ff|%c3%28|%ed/.test(key)),
  ...['1.5', '201', '0', '-5', '1e2', 'Infinity', '00000000000000000001', '%20', ''],
];

describe('a key in a path', () => {
  it('that cannot be one is refused, on every route that has one', async () => {
    const keyed = routesOf(service).filter(
      ({ path }) => path.includes(':') && !path.endsWith(':filename'),
    );
    for (const { method, path } of keyed)
      for (const [, name = ''] of path.matchAll(/:(\w+)/g))
        for (const key of hostileKeys) {
          const address = pathOf(path, { [name]: key });
          expectRefusal(await call(method, address), `${method} ${address}`.slice(0, 120));
        }
  });

  it('is a name of a file, which may be anything, where an archive is uploaded', async () => {
    for (const name of hostileKeys) {
      const answer = await call('PUT', `/api/v1/archives/${name}`, {
        headers: upload,
        body: 'logs',
      });
      expect([201, 400, 404]).toContain(answer.status);
      if (answer.status !== 201) expectRefusal(answer, name);
    }
  });
});

describe('a query', () => {
  const lists = [
    [
      '/api/v1/tickets',
      ['limit', 'cursor', 'platform', 'state', 'archives', 'createdAfter', 'createdBefore', 'q'],
    ],
    ['/api/v1/archives', ['limit', 'cursor', 'ticket', 'platform', 'q']],
    ['/api/v1/platforms', ['limit', 'cursor']],
    ['/api/v1/users', ['limit', 'cursor']],
    ['/api/v1/api-keys', ['limit', 'cursor']],
    ['/api/v1/audit-events', ['limit', 'cursor', 'action', 'subject', 'actor']],
  ] as const;

  it.each(lists)('%s answers or refuses whatever its parameters are', async (path, names) => {
    for (const name of names) {
      for (const value of hostileValues) {
        const what = `${path}?${name}=${value}`.slice(0, 120);
        const answer = await call('GET', `${path}?${name}=${value}`);
        // No hostile value is a limit or a cursor.
        const isText = name !== 'limit' && name !== 'cursor';
        if (answer.status === 200) expect({ what, isText }).toEqual({ what, isText: true });
        else expectRefusal(answer, what);
      }
      for (const form of [
        `${name}[]=1`,
        `${name}[a]=1`,
        `${name}[__proto__]=1`,
        `${name}=1&${name}=1`,
      ])
        expectRefusal(await call('GET', `${path}?${form}`), `${path}?${form}`);
    }
  });

  it('refuses a parameter that it does not know, or that comes twice', async () => {
    for (const [path] of lists)
      for (const query of ['page=2', 'Limit=1', 'limit=1&limit=2', 'cursor=a&cursor=b']) {
        const { errors } = expectProblem(
          await call('GET', `${path}?${query}`),
          'validation-failed',
        );
        expect(errors?.length).toBeGreaterThan(0);
      }
  });
});

interface Operation {
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
  };
}

describe('a field of a body', () => {
  const password = 'a long and unusual pass phrase 9';
  const limits = {
    maxUploadBytes: 1,
    tokenAttempts: 1,
    tokenLifetime: 1,
    quotaBytes: 1,
    retentionDays: 1,
  };
  // Well-formed, and of no passkey that is known here.
  const device = new Authenticator('http://127.0.0.1');
  const made = device.create(someOptions);
  const answered = device.get({ challenge: someOptions.challenge, rpId: someOptions.rp.id });
  const proof = { password, code: '1', passkey: answered };
  type Body = Readonly<Record<string, unknown>>;
  /** A good body of each, with every field it may have. */
  const bodies: readonly (readonly [method: string, path: string, body: Body])[] = [
    ['POST', '/api/v1/platforms', { name: 'some', title: 'Some', ...limits }],
    ['PATCH', '/api/v1/platforms/hostile', { title: 'Some', ...limits }],
    [
      'POST',
      '/api/v1/tickets',
      { platform: 'hostile', number: 'H-2', note: 'n', attempts: 1, lifetime: 1 },
    ],
    ['PATCH', '/api/v1/tickets/H-1', { resolved: false, note: 'n' }],
    ['POST', '/api/v1/tickets/H-1/tokens', { attempts: 1, lifetime: 1 }],
    ['PATCH', pathOf('/api/v1/tickets/H-1/tokens/:id'), { attempts: 1, lifetime: 1 }],
    ['POST', '/api/v1/users', { username: 'hostile', password, role: 'engineer' }],
    ['PATCH', pathOf('/api/v1/users/:id'), { role: 'admin', disabled: false }],
    [
      'POST',
      '/api/v1/api-keys',
      { name: 'k', scopes: [...scopes], expiresAt: '2099-01-01T00:00:00Z' },
    ],
    ['POST', '/api/v1/auth/login', { username: 'nobody-here', password: `not ${password}` }],
    ['POST', '/api/v1/auth/setup', { token: 'x', username: 'nobody', password }],
    ['POST', '/api/v1/auth/password', { current: password, next: password }],
    ['POST', '/api/v1/auth/totp', proof],
    ['POST', '/api/v1/auth/totp/confirm', { code: '1' }],
    ['POST', '/api/v1/auth/totp/verify', { code: '1' }],
    ['POST', '/api/v1/auth/recovery', { code: '1' }],
    ['POST', '/api/v1/auth/passkeys/options', proof],
    ['POST', '/api/v1/auth/passkeys', { name: 'key', response: made }],
    ['PATCH', pathOf('/api/v1/auth/passkeys/:id'), { name: 'key' }],
    ['POST', pathOf('/api/v1/auth/passkeys/:id/remove'), proof],
    ['POST', '/api/v1/auth/passkeys/verify', { response: answered }],
    ['POST', '/api/v1/auth/passkeys/sign-in', { response: answered }],
  ];
  const illTyped = [{}, { a: 1 }, [[]], [{ $ne: null }]];
  const hostile = [
    ...illTyped,
    ...[null, true, 0, -1, 1.5, 1e99, 2 ** 53, 2 ** 31, [], ['a'], '', ' ', '\0', 'a\0b'],
    ...['\ud800', 'x'.repeat(60_000), '😀'.repeat(3000), '1e99', '-1', "'; DROP TABLE users; --"],
    ...['9999-99-99T00:00:00Z', '+275760-09-13T00:00:00.001Z', '2099-02-30T00:00:00Z'],
  ];

  beforeAll(async () => {
    const { api } = await service.given.admin();
    await api.post('/platforms').send({ name: 'hostile', title: 'Hostile' }).expect(201);
    await api.post('/tickets').send({ platform: 'hostile', number: 'H-1' }).expect(201);
  });

  it('is listed here for every route that takes a JSON body', async () => {
    const { body: document } = await call('GET', '/api/v1/openapi.json');
    const fieldsOf = ([method, path, body]: readonly [string, string, Body]) => ({
      route: `${method} ${path.replace(/\/(hostile|H-1|[0-9a-f-]{36})/g, '/*')}`,
      fields: Object.keys(body).sort(),
    });
    const documented = Object.entries(document.paths as Record<string, Record<string, Operation>>)
      .flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, operation]) => {
          const schema = operation.requestBody?.content['application/json']?.schema;
          const name = schema?.$ref.split('/').at(-1) ?? '';
          const schemas = document.components.schemas as Record<string, { properties?: object }>;
          const fields = Object.keys(schemas[name]?.properties ?? {}).sort();
          return { route: `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '*')}`, fields };
        }),
      )
      .filter(({ fields }) => fields.length > 0);
    const byRoute = (one: { route: string }, other: { route: string }) =>
      one.route < other.route ? -1 : 1;
    expect(bodies.map(fieldsOf).sort(byRoute)).toEqual(documented.sort(byRoute));
  });

  it.each(bodies)('of %s %s may hold anything: the answer is never 500', async (...one) => {
    const [method, path, body] = one;
    for (const field of Object.keys(body))
      for (const value of hostile) {
        const what = `${field}=${JSON.stringify(value).slice(0, 60)}`;
        const answer = await call(method, path, {
          headers: { ...cookie, 'Content-Type': 'application/json' },
          body: JSON.stringify({ ...body, [field]: value }),
        });
        if (answer.status >= 300) expectRefusal(answer, what);
        if (!illTyped.includes(value as never)) continue;
        const { errors } = expectProblem(answer, 'validation-failed');
        // Of an object within: by the path of what it lacks.
        expect({ what, field: errors?.[0]?.field.split('.')[0] }).toEqual({ what, field });
      }
  });
});
