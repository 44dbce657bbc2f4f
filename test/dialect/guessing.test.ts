import { DataSource } from 'typeorm';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { SourcesService } from '../../src/throttling/sources.service.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { currentRequest } from '../../src/http/request-context.js';
import { UploadToken } from '../../src/tickets/tokens/upload-token.entity.js';
import { unusedAgain } from '../support/codes.js';
import { eventually } from '../support/eventually.js';
import { placeDump } from '../support/dump.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { spawnedService } from '../support/program.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tus } from '../support/tus.js';
import { upload } from '../support/upload.js';

/** Requests of many people come through one proxy here, which says from where. */
const proxied = { TRUSTED_PROXIES: '127.0.0.1' };
const from = (address: string) => ({ 'X-Forwarded-For': address });

type Url = Pick<TestService, 'url'>;

const shown = ({ url }: Url, value: string, headers = {}): Promise<Answer> =>
  send(`${url}/api/v1/upload-token`, {
    method: 'GET',
    headers: { 'Upload-Token': value, ...headers },
  });

const posted = ({ url }: Url, path: string, body: object, headers = {}): Promise<Answer> =>
  send(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const wrongToken = (at: number): string => `lct_${String(at).padStart(32, 'W')}`;

const expectHeld = (answer: Answer, most = 60): void => {
  expectProblem(answer, 'rate-limited');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(most);
};

const restarted = async (service: TestService, env: Record<string, string>) => {
  await service.stop();
  return startedService(env, service.place);
};

describe('an address that guesses', () => {
  it('tokens is held beyond a restart; others are not', async () => {
    const env = { ...proxied, API_RATE: '100' };
    const service = await startedService(env);
    const { value } = await service.given.uploadToken();
    const guesser = from('192.0.2.66');
    for (let at = 0; at < 10; at += 1)
      expectProblem(await shown(service, wrongToken(at), guesser), 'token-unknown');
    expectHeld(await shown(service, wrongToken(10), guesser));
    const again = await restarted(service, env);
    expectHeld(await shown(again, wrongToken(10), guesser));
    expectHeld(await shown(again, wrongToken(10), { ...guesser, Cookie: 'lc_session=new; a=b' }));
    expectProblem(await shown(again, wrongToken(10), from('192.0.2.67')), 'token-unknown');
    // The right one of somebody else behind the same address goes on working.
    expect(await shown(again, value, guesser)).toMatchObject({ status: 200 });
  });

  it('a few tokens before a restart and a few after it has guessed them all', async () => {
    const env = { API_RATE: '100' };
    const service = await startedService(env);
    for (let at = 0; at < 6; at += 1) await shown(service, wrongToken(at));
    const again = await restarted(service, env);
    for (let at = 0; at < 4; at += 1)
      expectProblem(await shown(again, wrongToken(at)), 'token-unknown');
    expectHeld(await shown(again, wrongToken(9)));
  });

  it('passwords, of whatever names, is held beyond a restart', async () => {
    const env = { ...proxied, LOGIN_RATE: '3' };
    const service = await startedService(env);
    const guesser = from('192.0.2.66');
    const tried = (at: Url, username: string, headers = guesser) =>
      posted(at, '/auth/login', { username, password: 'not the one' }, headers);
    for (const username of ['one', 'two', 'three'])
      expectProblem(await tried(service, username), 'login-failed');
    expectHeld(await tried(service, 'four'));
    const again = await restarted(service, env);
    expectHeld(await tried(again, 'five'));
    expectProblem(await tried(again, 'five', from('192.0.2.67')), 'login-failed');
  });

  it('is held though the program was killed', async () => {
    const env = { API_RATE: '100' };
    const service = await spawnedService(env);
    for (let at = 0; at < 10; at += 1) await shown(service, wrongToken(at));
    // Saved within a second, not on the way out.
    await eventually(async () =>
      expect(await placeDump(service.place)).toMatch(/\["source_windows",\[\{[^}]*"tries":10\D/),
    );
    service.kill('SIGKILL');
    await service.ended;
    expectHeld(await shown(await spawnedService(env, service.place), wrongToken(10)));
  });

  it('at several replicas is soon held by all of them', async () => {
    const env = { API_RATE: '100' };
    const service = await startedService(env);
    const [first, second = first] = await replicasOf(service, 2, env);
    for (const { app, url } of [first, second]) {
      for (let at = 0; at < 5; at += 1)
        expectProblem(await shown({ url }, wrongToken(at)), 'token-unknown');
      await app.get(SourcesService).save();
    }
    expectHeld(await shown(second, wrongToken(5)));
    await shown(first, wrongToken(6));
    await first.app.get(SourcesService).save();
    expectHeld(await shown(first, wrongToken(7)));
  });

  it('is named nowhere', async () => {
    const service = await startedService(proxied);
    await shown(service, wrongToken(1), from('192.0.2.66'));
    await service.app.get(SourcesService).save();
    expect(await placeDump(service.place)).not.toContain('192.0.2.66');
  });
});

describe('an account whose password or codes are guessed', () => {
  const address = (at: number) => from(`198.51.100.${at}`);

  it('is heard no more from anywhere, in any browser, before a restart and after it', async () => {
    const service = await startedService(proxied);
    const { account } = await service.given.engineer('guessed');
    const { username, password } = account;
    const login = (at: Url, typed: string, n: number, headers = {}) =>
      posted(at, '/auth/login', { username, password: typed }, { ...address(n), ...headers });
    const other = await service.given.engineer('bystander');
    for (let n = 1; n <= 5; n += 1)
      expectProblem(await login(service, `wrong ${n}`, n), 'login-failed');
    expectHeld(await login(service, password, 6));
    const again = await restarted(service, proxied);
    expectHeld(await login(again, password, 7));
    expectHeld(await login(again, password, 8, { Cookie: 'lc_session=new', 'User-Agent': 'new' }));
    const body = { username: 'bystander', password: other.account.password };
    expect(await posted(again, '/auth/login', body, address(9))).toMatchObject({ status: 200 });
  });

  it('gives no more tries to a new session, a recovery code, another address or a restart', async () => {
    const service = await startedService(proxied);
    const { account } = await service.given.engineer('codes');
    const { username, password } = account;
    /** Signs in anew by password, and says a code in that session. */
    const said = async (at: Url, kind: 'totp/verify' | 'recovery', code: string, n: number) => {
      const entered = await posted(at, '/auth/login', { username, password }, address(n));
      expect(entered).toMatchObject({ status: 200 });
      const Cookie = String(entered.headers['set-cookie']?.[0]).split(';')[0] ?? '';
      return posted(at, `/auth/${kind}`, { code }, { ...address(n), Cookie });
    };
    for (let n = 1; n <= 5; n += 1) {
      const kind = n % 2 ? 'totp/verify' : 'recovery';
      expectProblem(await said(service, kind, n % 2 ? '000000' : 'aaaaa-bbbbb', n), 'code-invalid');
    }
    await unusedAgain(service, account);
    expectHeld(await said(service, 'totp/verify', await account.code(), 6));
    const again = await restarted(service, proxied);
    expectHeld(await said(again, 'recovery', account.recoveryCodes[0] ?? '', 7));
    await unusedAgain(again, account);
    expectHeld(await said(again, 'totp/verify', await account.code(), 8));
  });
});

/** What a request asks of the database, in order: its statements, without their values. */
const asked = async (
  service: TestService,
  requestId: string,
  request: (headers: Record<string, string>) => Promise<Answer>,
  code: ErrorCode,
): Promise<readonly string[]> => {
  const dataSource = service.app.get(DataSource);
  const { logger } = dataSource;
  const statements: string[] = [];
  const ignore = (): void => undefined;
  dataSource.logger = {
    ...{ logQueryError: ignore, logQuerySlow: ignore, logSchemaBuild: ignore },
    ...{ logMigration: ignore, log: ignore },
    logQuery: (statement) => {
      const context = currentRequest();
      // A form is read outside of the request's own context.
      const isOurs = context === null && statement.includes(' FROM "upload_tokens"');
      if (isOurs || context?.requestId === requestId) statements.push(statement);
    },
  };
  try {
    expectProblem(await request({ 'X-Request-Id': requestId }), code);
  } finally {
    dataSource.logger = logger;
  }
  expect(statements.length).toBeGreaterThan(0);
  // Moments that stand in a statement itself.
  return statements.map((statement) => statement.replace(/\d{13}/g, 'now'));
};

// No clock is asked: the same steps take the same time, and a busy machine tells nothing.
describe('how long a refusal takes', () => {
  let service: TestService;
  /** Tokens that may not upload, by what is wrong with them. */
  let tokens: Readonly<Record<string, readonly [value: string, code: ErrorCode]>>;
  let expired: string;

  beforeAll(async () => {
    service = await startedService();
    const { value, id } = await service.given.uploadToken();
    expired = value;
    const { manager } = service.app.get(DataSource);
    await manager.update(UploadToken, { id }, { expiresAt: new Date(0) });
    tokens = {
      'no token at all': ['nothing like a token', 'token-unknown'],
      'one that is too long': [`lct_${'x'.repeat(200)}`, 'token-unknown'],
      'a well-formed one': [wrongToken(1), 'token-unknown'],
      'an expired one': [expired, 'token-expired'],
    };
  });

  type Begin = (token: string, headers: Record<string, string>) => Promise<Answer>;
  const ways: Readonly<Record<string, Begin>> = {
    'a form': (token, headers) => upload(service.url, token, { way: 'form', headers }),
    'a form with a field': (token, headers) =>
      upload(service.url, null, { way: 'form', headers, fields: { token } }),
    'a PUT': (token, headers) => upload(service.url, token, { way: 'put', headers }),
    'a side-car': (token, headers) =>
      upload(service.url, token, { way: 'put', name: 'a.tgz.sha256', headers }),
    'a resumable upload': (token, headers) => tus(service.url, token).create({ headers }),
  };

  it.each(Object.keys(ways))('tells nothing of a token, by %s', async (way) => {
    const taken = new Map<string, readonly string[]>();
    for (const [kind, [token, code]] of Object.entries(tokens)) {
      const request = (headers: Record<string, string>) =>
        ways[way]?.(token, headers) ?? Promise.reject(new Error(way));
      taken.set(kind, await asked(service, kind.replaceAll(' ', '-'), request, code));
    }
    const steps = taken.get('an expired one');
    expect(steps?.join('\n')).toContain('upload_tokens');
    for (const [kind, own] of taken) expect({ kind, own }).toEqual({ kind, own: steps });
  });

  it('tells nothing of an API key', async () => {
    const key = await service.given.apiKey(['tickets:read']);
    const { manager } = service.app.get(DataSource);
    await manager.update(ApiKey, { id: key.id }, { expiresAt: new Date(0) });
    const steps: (readonly string[])[] = [];
    for (const value of [key.value, `lck_${'x'.repeat(32)}`]) {
      const request = (headers: Record<string, string>) =>
        send(`${service.url}/api/v1/tickets`, {
          method: 'GET',
          headers: { Authorization: `Bearer ${value}`, ...headers },
        });
      steps.push(await asked(service, `key-${steps.length}`, request, 'api-key-unknown'));
    }
    expect(steps[0]).toEqual(steps[1]);
  });

  it('tells nothing of whether a name has an account', async () => {
    await service.given.engineer('somebody');
    const steps: (readonly string[])[] = [];
    for (const username of ['somebody', 'nobody-of-that-name'])
      steps.push(
        await asked(
          service,
          username,
          (headers) => posted(service, '/auth/login', { username, password: 'wrong' }, headers),
          'login-failed',
        ),
      );
    expect(steps[0]).toEqual(steps[1]);
  });
});
