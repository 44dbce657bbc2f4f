import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type TestAgent from 'supertest/lib/agent.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
let api: TestAgent;

beforeAll(async () => {
  service = await startedService();
  ({ api } = await service.given.engineer('ann'));
});

interface Opened {
  readonly ticket: Readonly<Record<string, unknown>>;
  readonly token: Readonly<
    Record<'id' | 'value' | 'expiresAt' | 'uploadUrl' | 'curl' | 'script', string>
  >;
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

describe('opening a ticket', () => {
  it('gives in one call all that is needed to answer the customer', async () => {
    const platform = await service.given.platform();
    const body = { platform, number: 'SUP-48213', note: 'Restore fails' };
    const answer = await api.post('/tickets').send(body).expect(201);
    const { ticket, token } = answer.body as Opened;
    expect(ticket).toEqual({
      ...body,
      resolved: false,
      createdBy: 'ann',
      createdAt: time,
      updatedAt: ticket['createdAt'],
      archives: { count: 0, bytes: 0 },
    });
    expect(token).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      value: expect.stringMatching(/^lct_[\w-]{32,}$/),
      attemptsLeft: 5,
      expiresAt: time,
      uploadUrl: `${service.url}/upload#${token.value}`,
      curl: `curl -F file=@logs.tgz -H "Upload-Token: ${token.value}" ${service.url}/api/v1/archives`,
      script: `curl -fsSO ${service.url}/upload.sh && UPLOAD_TOKEN=${token.value} sh upload.sh logs.tgz`,
    });
    const days = (Date.parse(token.expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
    expect((await api.get('/tickets/SUP-48213').expect(200)).body).toEqual(ticket);
  });

  it('gives a line that a customer pastes into a shell', async () => {
    const platform = await service.given.platform();
    const opened = await api.post('/tickets').send({ platform, number: 'CURL-1' }).expect(201);
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'logs.tgz'), 'some logs');
    const { curl } = (opened.body as Opened).token;
    const { stdout } = await promisify(execFile)('sh', ['-c', curl], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ ticket: 'CURL-1', filename: 'logs.tgz', size: 9 });
  });

  it('gives the token attempts and a lifetime of its own where asked to', async () => {
    const token = await service.given.uploadToken({ attempts: 1000, lifetime: 10 });
    const { attemptsLeft, expiresAt } = await tokenState(service.url, token);
    expect(attemptsLeft).toBe(1000);
    expect((Date.parse(expiresAt as string) - Date.now()) / 1000).toBeLessThanOrEqual(10);
  });

  it('with a taken number is refused, also when many open it at once, and makes no token', async () => {
    const platform = await service.given.platform();
    const open = () => api.post('/tickets').send({ platform, number: 'RACED-1' });
    const answers = await Promise.all([open(), open(), open(), open()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expectProblem(await open(), 'ticket-exists');
    const tokens = await api.get('/tickets/RACED-1/tokens').expect(200);
    expect((tokens.body as { items: unknown[] }).items).toHaveLength(1);
  });

  it('on a platform that there is none of is refused', async () => {
    const body = { platform: 'no-such', number: 'LOST-1' };
    expectProblem(await api.post('/tickets').send(body), 'not-found');
    expectProblem(await api.get('/tickets/LOST-1'), 'not-found');
  });

  it.each([
    ['no number', { number: '' }, 'number'],
    ['a sign before it', { number: '-1' }, 'number'],
    ['a space within', { number: 'a b' }, 'number'],
    ['65 characters', { number: 'x'.repeat(65) }, 'number'],
    ['a number that is one', { number: 48213 }, 'number'],
    ['no slug', { platform: 'No' }, 'platform'],
    ['a note of 4001 characters', { note: 'x'.repeat(4001) }, 'note'],
    ['a note that is null', { note: null }, 'note'],
    ['no attempt', { attempts: 0 }, 'attempts'],
    ['1001 attempts', { attempts: 1001 }, 'attempts'],
    ['no second', { lifetime: 0 }, 'lifetime'],
    ['more than a year', { lifetime: 31_536_001 }, 'lifetime'],
    ['a state', { resolved: true }, 'resolved'],
    ['another maker', { createdBy: 'somebody' }, 'createdBy'],
  ])('is refused with %s', async (_what, fields, field) => {
    const platform = await service.given.platform();
    const answer = await api.post('/tickets').send({ platform, number: 'BAD-1', ...fields });
    expect(expectProblem(answer, 'validation-failed').errors?.[0]?.field).toBe(field);
  });
});

describe('a ticket', () => {
  it('is resolved, takes no uploads then, and is reopened', async () => {
    const { number, token } = await service.given.ticket();
    const change = async (changes: object): Promise<unknown> =>
      (await api.patch(`/tickets/${number}`).send(changes).expect(200)).body;
    expect(await change({ resolved: true })).toMatchObject({ number, resolved: true });
    expectProblem(await upload(service.url, token), 'ticket-resolved');
    expect(await change({ resolved: false })).toMatchObject({ resolved: false });
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });

  it('is changed in what was sent alone', async () => {
    const { number } = await service.given.ticket({ note: 'first' });
    const before = (await api.get(`/tickets/${number}`)).body as Record<string, unknown>;
    const change = async (changes: object): Promise<Record<string, unknown>> => {
      const answer = await api.patch(`/tickets/${number}`).send(changes).expect(200);
      return answer.body as Record<string, unknown>;
    };
    expect(await change({ resolved: true })).toMatchObject({ note: 'first', resolved: true });
    expect(await change({ note: '' })).toMatchObject({ note: '', resolved: true });
    const after = await change({});
    expect(after).toMatchObject({ note: '', resolved: true, createdAt: before['createdAt'] });
    expect((after['updatedAt'] as string) >= (before['updatedAt'] as string)).toBe(true);
    for (const bad of [{ note: null }, { resolved: null }, { resolved: 'true' }, { number: 'X-1' }])
      expectProblem(await api.patch(`/tickets/${number}`).send(bad), 'validation-failed');
  });

  it('counts its archives and their bytes', async () => {
    const { number, token } = await service.given.ticket();
    const archives = async (): Promise<unknown> =>
      ((await api.get(`/tickets/${number}`)).body as { archives: unknown }).archives;
    await service.given.archive({ bytes: 'x'.repeat(100) }, token);
    const { id } = await service.given.archive({ bytes: 'x'.repeat(23) }, token);
    expect(await archives()).toEqual({ count: 2, bytes: 123 });
    await api.delete(`/archives/${id}`).expect(204);
    expect(await archives()).toEqual({ count: 1, bytes: 100 });
  });

  it('is deleted with its tokens and archives, and its number is free again', async () => {
    const { number, platform, token } = await service.given.ticket();
    const { id } = await service.given.archive({}, token);
    await api.delete(`/tickets/${number}`).expect(204);
    expectProblem(await api.get(`/tickets/${number}`), 'not-found');
    expectProblem(await api.delete(`/tickets/${number}`), 'not-found');
    expectProblem(await api.get(`/archives/${id}`), 'not-found');
    expectProblem(await upload(service.url, token), 'token-unknown');
    await api.post('/tickets').send({ platform, number }).expect(201);
  });
});

describe('the tokens of a ticket', () => {
  interface TokenView {
    readonly id: string;
    readonly state: string;
    readonly attemptsLeft: number;
    readonly expiresAt: string;
  }

  it('are issued, listed without their secret, extended and revoked', async () => {
    const { number, token: first } = await service.given.ticket();
    const made = await api.post(`/tickets/${number}/tokens`).send({ attempts: 2 }).expect(201);
    const second = made.body as Opened['token'];
    expect(second.uploadUrl).toBe(`${service.url}/upload#${second.value}`);
    const listed = await api.get(`/tickets/${number}/tokens`).expect(200);
    expect(listed.text).not.toContain('lct_');
    const { items } = listed.body as { items: TokenView[] };
    expect(items.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(items[0]).toEqual({
      id: second.id,
      state: 'active',
      attemptsLeft: 2,
      failures: 0,
      expiresAt: time,
      revokedAt: null,
      createdBy: 'ann',
      createdAt: time,
    });

    const path = `/tickets/${number}/tokens/${second.id}`;
    const extended = await api.patch(path).send({ attempts: 7, lifetime: 60 }).expect(200);
    expect(extended.body).toMatchObject({ attemptsLeft: 7, state: 'active' });
    expect((extended.body as TokenView).expiresAt < second.expiresAt).toBe(true);
    expect((await api.patch(path).send({}).expect(200)).body).toEqual(extended.body);

    await api.delete(path).expect(204);
    await api.delete(path).expect(204);
    expectProblem(await api.patch(path).send({ attempts: 1 }), 'token-revoked');
    expectProblem(await upload(service.url, second), 'token-revoked');
    expect(await upload(service.url, first)).toMatchObject({ status: 201 });
  });

  it('are those of no other ticket', async () => {
    const [one, other] = [await service.given.ticket(), await service.given.ticket()];
    const path = `/tickets/${one.number}/tokens/${other.token.id}`;
    expectProblem(await api.patch(path).send({ attempts: 1 }), 'not-found');
    expectProblem(await api.delete(path), 'not-found');
    expect(await tokenState(service.url, other.token)).toMatchObject({ state: 'active' });
  });
});

describe('finding a ticket', () => {
  /** Numbers of what a query finds, of the one platform that this story is about. */
  const found = async (platform: string, query: object): Promise<unknown[]> => {
    const answer = await api
      .get('/tickets')
      .query({ platform, ...query })
      .expect(200);
    return (answer.body as { items: { number: string }[] }).items.map(({ number }) => number);
  };

  it('by a part of its number or note, in any case and script', async () => {
    const platform = await service.given.platform();
    const open = (number: string, note: string) =>
      api.post('/tickets').send({ platform, number, note }).expect(201);
    await open('Find-1', 'Восстановление не удалось');
    await open('Find-2', '100% of a_b! done\\ever');
    await open('Find-3', 'Straße and ÉCOLE');
    for (const [q, numbers] of [
      ['find', ['Find-3', 'Find-2', 'Find-1']],
      ['FIND-2', ['Find-2']],
      ['ВОССТАНОВЛЕНИЕ', ['Find-1']],
      ['восстановление НЕ', ['Find-1']],
      ['école', ['Find-3']],
      ['e\u0301cole', ['Find-3']],
      ['%', ['Find-2']],
      ['_', ['Find-2']],
      ['!', ['Find-2']],
      ['\\', ['Find-2']],
      ['0% of a_b!', ['Find-2']],
      ['a%b', []],
      ['ind-1\nвосст', ['Find-1']],
      ["'", []],
      ['', ['Find-3', 'Find-2', 'Find-1']],
    ] as const)
      expect({ q, numbers: await found(platform, { q }) }).toEqual({ q, numbers });
    await api.patch('/tickets/Find-3').send({ note: 'moved' }).expect(200);
    expect(await found(platform, { q: 'école' })).toEqual([]);
    expect(await found(platform, { q: 'MOVED' })).toEqual(['Find-3']);
  });

  it('by whether it is resolved', async () => {
    const platform = await service.given.platform();
    await service.given.ticket({ platform, ticket: 'STATE-1' });
    await service.given.ticket({ platform, ticket: 'STATE-2' });
    await api.patch('/tickets/STATE-1').send({ resolved: true }).expect(200);
    expect(await found(platform, { state: 'open' })).toEqual(['STATE-2']);
    expect(await found(platform, { state: 'resolved' })).toEqual(['STATE-1']);
    expect(await found(platform, {})).toEqual(['STATE-2', 'STATE-1']);
    expectProblem(await api.get('/tickets?state=closed'), 'validation-failed');
  });

  it('on a platform that there is none of finds nothing', async () => {
    await service.given.ticket();
    expect(await found('no-such', {})).toEqual([]);
  });

  it('by its number asks for the very number', async () => {
    await service.given.ticket({ ticket: 'Case-7' });
    await api.get('/tickets/Case-7').expect(200);
    expectProblem(await api.get('/tickets/case-7'), 'not-found');
    expectProblem(await api.get('/tickets/Case'), 'not-found');
  });
});
