import type TestAgent from 'supertest/lib/agent.js';
import { scopes } from '../../src/http/allow.js';
import type { Right, Scope } from '../../src/http/allow.js';
import { statusOf } from '../../src/errors/catalogue.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { unusedAgain } from '../support/codes.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { pathOf, routesOf } from '../support/routes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

/** Who may call what. A new route gets its line here; the stories below then hold it to that. */
const table: readonly (readonly [method: string, path: string, right: Right | 'public'])[] = [
  ['GET', '/health/live', 'public'],
  ['GET', '/health/ready', 'public'],
  ['GET', '/api/v1/health', 'public'],
  ['GET', '/metrics', 'metrics'],
  ['GET', '/upload.sh', 'public'],
  ['GET', '/api/v1/openapi.json', 'public'],
  ['GET', '/api/docs', 'public'],

  ['POST', '/api/v1/auth/login', 'public'],
  ['POST', '/api/v1/auth/setup', 'public'],
  ['GET', '/api/v1/auth/session', 'any-session'],
  ['POST', '/api/v1/auth/logout', 'any-session'],
  ['POST', '/api/v1/auth/totp', 'any-session'],
  ['POST', '/api/v1/auth/totp/confirm', 'any-session'],
  ['POST', '/api/v1/auth/totp/verify', 'any-session'],
  ['POST', '/api/v1/auth/recovery', 'any-session'],
  ['GET', '/api/v1/auth/passkeys', 'engineer'],
  ['POST', '/api/v1/auth/passkeys/options', 'any-session'],
  ['POST', '/api/v1/auth/passkeys', 'any-session'],
  ['PATCH', '/api/v1/auth/passkeys/:id', 'engineer'],
  ['POST', '/api/v1/auth/passkeys/:id/remove', 'engineer'],
  ['POST', '/api/v1/auth/passkeys/verify/options', 'any-session'],
  ['POST', '/api/v1/auth/passkeys/verify', 'any-session'],
  ['POST', '/api/v1/auth/passkeys/sign-in/options', 'public'],
  ['POST', '/api/v1/auth/passkeys/sign-in', 'public'],
  ['POST', '/api/v1/auth/password', 'engineer'],
  ['GET', '/api/v1/auth/sessions', 'engineer'],
  ['DELETE', '/api/v1/auth/sessions/:id', 'engineer'],

  ['GET', '/api/v1/users', 'admin'],
  ['POST', '/api/v1/users', 'admin'],
  ['PATCH', '/api/v1/users/:id', 'admin'],
  ['DELETE', '/api/v1/users/:id', 'admin'],
  ['POST', '/api/v1/users/:id/reset-second-factor', 'admin'],
  ['GET', '/api/v1/api-keys', 'admin'],
  ['POST', '/api/v1/api-keys', 'admin'],
  ['DELETE', '/api/v1/api-keys/:id', 'admin'],
  ['GET', '/api/v1/audit-events', 'admin'],
  ['GET', '/api/v1/jobs', 'admin'],
  ['POST', '/api/v1/jobs/:id/retry', 'admin'],

  ['GET', '/api/v1/platforms', 'platforms:read'],
  ['POST', '/api/v1/platforms', 'platforms:write'],
  ['GET', '/api/v1/platforms/:name', 'platforms:read'],
  ['PATCH', '/api/v1/platforms/:name', 'platforms:write'],
  ['DELETE', '/api/v1/platforms/:name', 'platforms:write'],
  ['GET', '/api/v1/tickets', 'tickets:read'],
  ['POST', '/api/v1/tickets', 'tickets:write'],
  ['GET', '/api/v1/tickets/:number', 'tickets:read'],
  ['PATCH', '/api/v1/tickets/:number', 'tickets:write'],
  ['DELETE', '/api/v1/tickets/:number', 'tickets:write'],
  ['GET', '/api/v1/tickets/:number/tokens', 'tickets:write'],
  ['POST', '/api/v1/tickets/:number/tokens', 'tickets:write'],
  ['PATCH', '/api/v1/tickets/:number/tokens/:id', 'tickets:write'],
  ['DELETE', '/api/v1/tickets/:number/tokens/:id', 'tickets:write'],
  ['GET', '/api/v1/tickets/:number/tokens/:id/attempts', 'tickets:read'],

  ['POST', '/api/v1/archives', 'upload-token-or-form'],
  ['PUT', '/api/v1/archives/:filename', 'upload-token'],
  ['POST', '/api/v1/archives/:filename', 'upload-token'],
  ['GET', '/api/v1/upload-token', 'upload-token'],
  ['OPTIONS', '/api/v1/uploads', 'public'],
  ['POST', '/api/v1/uploads', 'upload-token'],
  ['HEAD', '/api/v1/uploads/:id', 'upload-token'],
  ['PATCH', '/api/v1/uploads/:id', 'upload-token'],
  ['DELETE', '/api/v1/uploads/:id', 'upload-token'],
  ['POST', '/api/v1/uploads/:id', 'upload-token'],
  ['GET', '/api/v1/archives', 'archives:read'],
  ['GET', '/api/v1/archives/:id', 'archives:read'],
  ['DELETE', '/api/v1/archives/:id', 'archives:delete'],
  ['GET', '/api/v1/archives/:id/content', 'engineer'],
  ['POST', '/api/v1/archives/:id/download-link', 'engineer'],
  ['GET', '/api/v1/downloads/:link', 'public'],
  ['GET', '/api/v1/storage', 'storage:read'],
  ['GET', '/api/v1/storage/history', 'storage:read'],
  ['GET', '/api/v1/overview', 'tickets:read'],
  ['GET', '/api/v1/overview/events', 'engineer'],
];

const kinds = [
  'nobody',
  'a person without second factor',
  'a person before the second factor',
  'an engineer',
  'an admin',
  'a key with the scope alone',
  'a key with all other scopes',
  'a key with all scopes',
  'an upload token',
] as const;
type Kind = (typeof kinds)[number];
type Cast = Readonly<Record<Exclude<Kind, 'a key with the scope alone'>, TestAgent>>;

/** The code of the refusal; null where the caller may pass. */
const refusalOf = (right: Right | 'public', kind: Kind): ErrorCode | null => {
  if (right === 'public') return null;
  if (right === 'upload-token' || right === 'upload-token-or-form') {
    if (kind === 'an upload token') return null;
    return kind.startsWith('a key') ? 'token-unknown' : 'credentials-missing';
  }
  // A cookie and an Upload-Token are no credentials there, and what is no METRICS_TOKEN is a wrong one.
  if (right === 'metrics')
    return kind.startsWith('a key') ? 'metrics-token-unknown' : 'credentials-missing';
  const isScope = scopes.some((scope) => scope === right);
  switch (kind) {
    case 'nobody':
      return 'credentials-missing';
    case 'a person without second factor':
      return right === 'any-session' ? null : 'second-factor-enrolment-required';
    case 'a person before the second factor':
      return right === 'any-session' ? null : 'second-factor-required';
    case 'an engineer':
      return right === 'admin' ? 'role-insufficient' : null;
    case 'an admin':
      return null;
    case 'a key with all other scopes':
      return isScope ? 'scope-insufficient' : 'session-required';
    case 'a key with the scope alone':
    case 'a key with all scopes':
      return isScope ? null : 'session-required';
    case 'an upload token':
      return 'session-required';
  }
};

/** The guard's own refusals: whoever gets one did not pass. */
const isRefusal = (code: unknown): code is ErrorCode =>
  /^(credentials|token-unknown|metrics-token-|session-|api-key-|role-|scope-|second-factor-)/.test(
    String(code),
  );

let service: TestService;
let cast: Cast;

const before = async (): Promise<TestAgent> => {
  const { account } = await service.given.engineer();
  const api = service.given.stranger();
  const { username, password } = account;
  await api.post('/auth/login').send({ username, password }).expect(200);
  await unusedAgain(service, account);
  return api;
};

const without = async (username: string): Promise<TestAgent> => {
  const { api } = await service.given.admin();
  const password = 'a long and unusual pass phrase 8';
  await api.post('/users').send({ username, password, role: 'admin' }).expect(201);
  const own = service.given.stranger();
  await own.post('/auth/login').send({ username, password }).expect(200);
  return own;
};

beforeAll(async () => {
  service = await startedService();
  const { given } = service;
  const token = await given.uploadToken();
  cast = {
    nobody: given.stranger(),
    'a person without second factor': await without('not-enrolled'),
    'a person before the second factor': await before(),
    'an engineer': (await given.engineer()).api,
    'an admin': (await given.admin()).api,
    'a key with all other scopes': given.stranger(),
    'a key with all scopes': (await given.apiKey(scopes)).api,
    'an upload token': given.stranger().set('Upload-Token', token.value),
  };
});

/** A stream has no end to wait for. */
const askedBy = (method: string, path: string): string =>
  path.endsWith('/events') ? 'HEAD' : method;

const call = (api: TestAgent, method: string, path: string): Promise<Answer> => {
  const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head';
  // An agent's paths are below the API.
  const request = api[verb](path.replace('/api/v1', ''));
  const isUpload = /^\/api\/v1\/(archives|uploads)/.test(path);
  return method === 'POST' && !isUpload ? request.send({}) : request;
};

it('knows every route that the service has, and no other', () => {
  const line = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
  expect(routesOf(service).map(line).sort()).toEqual(
    table.map(([method, path]) => line({ method, path })).sort(),
  );
});

/** Whoever signs out is not signed in for the next story. */
const leaving: Readonly<Partial<Record<Kind, () => Promise<TestAgent>>>> = {
  'a person without second factor': () => without('leaves-without'),
  'a person before the second factor': before,
  'an engineer': async () => (await service.given.engineer()).api,
  'an admin': async () => (await service.given.user('admin', 'leaves')).api,
};

const callerOf = async (kind: Kind, path: string, scope: Scope | undefined): Promise<TestAgent> => {
  const leaver = path.endsWith('/logout') ? leaving[kind] : undefined;
  if (leaver) return leaver();
  const keyOf = async (wanted: readonly Scope[]) => (await service.given.apiKey(wanted)).api;
  if (kind === 'a key with the scope alone') return keyOf([scope ?? 'tickets:read']);
  if (kind === 'a key with all other scopes') return keyOf(scopes.filter((one) => one !== scope));
  return cast[kind];
};

it.each(table.filter(([, path]) => path.startsWith('/api/v1')))(
  '%s %s is for %s',
  async (method, path, right) => {
    const scope = scopes.find((one) => one === right);
    const answered: Partial<Record<Kind, unknown>> = {};
    const promised: Partial<Record<Kind, unknown>> = {};
    for (const kind of kinds) {
      const asked = askedBy(method, path);
      const answer = await call(await callerOf(kind, path, scope), asked, pathOf(path));
      expect(answer.status).toBeLessThan(500);
      const refusal = refusalOf(right, kind);
      // An answer to HEAD has its status alone.
      const isRefused = asked === 'HEAD' && refusal && statusOf(refusal) === answer.status;
      const code: unknown = isRefused ? refusal : answer.body?.code;
      answered[kind] = isRefusal(code) ? code : 'passes';
      // Replacing or joining a second factor asks for the one that there is.
      const isReplacing =
        /\/(totp|passkeys\/options)$/.test(path) && kind === 'a person before the second factor';
      promised[kind] = isReplacing ? 'second-factor-required' : (refusal ?? 'passes');
      if (isRefusal(code) && !isRefused) expectProblem(answer, code);
      if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/Bearer/);
    }
    expect(answered).toEqual(promised);
  },
);

it('answers the probes of an orchestrator to anybody', async () => {
  for (const path of ['/health/live', '/health/ready', '/api/v1/health'])
    expect(await send(service.url + path, { method: 'GET' })).toMatchObject({ status: 200 });
});
