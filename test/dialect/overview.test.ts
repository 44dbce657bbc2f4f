import type TestAgent from 'supertest/lib/agent.js';
import { DataSource } from 'typeorm';
import { Archive } from '../../src/archives/archive.entity.js';
import type { Excerpt } from '../../src/dashboard/excerpt.policy.js';
import type { OverviewView, StorageHistoryView } from '../../src/dashboard/overview.dto.js';
import { UploadToken } from '../../src/tickets/tokens/upload-token.entity.js';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tus } from '../support/tus.js';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const board = async (api: TestAgent): Promise<OverviewView> =>
  (await api.get('/overview').expect(200)).body as OverviewView;

const history = async (api: TestAgent): Promise<StorageHistoryView> =>
  (await api.get('/storage/history').expect(200)).body as StorageHistoryView;

const hour = 3600;

let service: TestService;
let api: TestAgent;

beforeAll(async () => {
  service = await startedService();
  api = (await service.given.admin()).api;
});

/** What of a list is about this ticket. */
const of = <Item extends { readonly ticket: string | null }>(
  list: Excerpt<Item>,
  number: string,
): readonly Item[] => list.items.filter(({ ticket }) => ticket === number);

it('says of a new installation that there is nothing yet, and that all is well', async () => {
  const fresh = await startedService();
  const { api: own } = await fresh.given.admin();
  const empty = { items: [], count: 0, isMore: false };
  expect(await board(own)).toMatchObject({
    hasPlatforms: false,
    hasTickets: false,
    troubles: empty,
    uploads: empty,
    waiting: empty,
    expiringTokens: empty,
    spentTokens: empty,
    archives: [],
    room: { reserve: 0, forecast: { outlook: 'unknown', daysLeft: null, basedOnDays: null } },
  });
  await fresh.given.platform();
  expect(await board(own)).toMatchObject({ hasPlatforms: true, hasTickets: false });
});

describe('tickets that wait for a first upload', () => {
  it('are shown until an archive came or they are resolved', async () => {
    const { given } = service;
    const { number, platform, token } = await given.ticket({ note: 'n'.repeat(3000) });
    expect(of((await board(api)).waiting, number)).toEqual([
      {
        ticket: number,
        platform,
        note: 'n'.repeat(200),
        createdAt: expect.stringMatching(/Z$/) as string,
      },
    ]);
    await given.archive({}, token);
    expect(of((await board(api)).waiting, number)).toEqual([]);

    const other = await given.ticket();
    await api.patch(`/tickets/${other.number}`).send({ resolved: true }).expect(200);
    expect(of((await board(api)).waiting, other.number)).toEqual([]);
  });

  it('are counted no further than 99, and the newest come first', async () => {
    const busy = await startedService();
    const { api: own } = await busy.given.admin();
    for (let count = 1; count <= 101; count += 1) await busy.given.ticket({ ticket: `W-${count}` });
    const { waiting } = await board(own);
    expect(waiting).toMatchObject({ count: 99, isMore: true });
    expect(waiting.items.map(({ ticket }) => ticket)).toEqual(
      Array.from({ length: 8 }, (_, index) => `W-${101 - index}`),
    );
  });
});

describe('an upload under way', () => {
  it('is shown with what came so far, by whichever process it comes', async () => {
    const replicas = await replicasOf(service, 2);
    const { number, token } = await service.given.ticket();
    const running = await uploadUnderWay(replicas.at(-1)?.url ?? '', token, {
      headers: { 'Content-Length': 300_015 },
    });
    const uploads = await eventually(async () => {
      const found = of((await board(api)).uploads, number);
      expect(found).toMatchObject([{ bytes: 15 }]);
      return found;
    });
    expect(uploads).toMatchObject([{ way: 'put', state: 'sending', declaredBytes: 300_015 }]);
    // Nothing of it is spent while it may still be given back.
    expect(of((await board(api)).spentTokens, number)).toEqual([]);
    await running.write(noise(200_000));
    await eventually(async () =>
      expect(of((await board(api)).uploads, number)).toMatchObject([{ bytes: 200_015 }]),
    );
    const { body } = await running.finish(noise(100_000));
    const after = await board(api);
    expect(of(after.uploads, number)).toEqual([]);
    expect(after.archives?.[0]).toMatchObject({
      id: body.id as string,
      ticket: number,
      filename: 'logs.tgz',
      size: 300_015,
      state: 'stored',
    });
  });

  it('is named by its form, once that told the name', async () => {
    const { number, token } = await service.given.ticket();
    const running = await uploadUnderWay(service.url, token, { way: 'form', name: 'журнал.tgz' });
    await eventually(async () =>
      expect(of((await board(api)).uploads, number)).toMatchObject([
        { way: 'form', filename: 'журнал.tgz', state: 'sending', declaredBytes: null },
      ]),
    );
    await running.finish('more');
  });

  it('is paused while nobody sends it, and goes on by its name', async () => {
    const { number, token } = await service.given.ticket();
    const customer = tus(service.url, token);
    const path = await customer.begun({ length: 10, name: 'журналы.7z' });
    await customer.patch(path, 0, 'four');
    expect(of((await board(api)).uploads, number)).toMatchObject([
      { way: 'tus', filename: 'журналы.7z', bytes: 4, declaredBytes: 10 },
    ]);
    await eventually(async () =>
      expect(of((await board(api)).uploads, number)).toMatchObject([{ state: 'paused' }]),
    );
    await customer.patch(path, 4, '567890');
    expect(of((await board(api)).uploads, number)).toEqual([]);
  });
});

describe('tokens', () => {
  it('are shown two days before they expire, the next one first, unless nobody needs them', async () => {
    const own = await startedService();
    const { given } = own;
    const { api: desk } = await given.admin();
    const later = await given.ticket({ lifetime: 40 * hour });
    const soon = await given.ticket({ lifetime: 2 * hour, attempts: 3 });
    await given.ticket({ lifetime: 49 * hour });
    const revoked = await given.ticket({ lifetime: hour });
    await desk.delete(`/tickets/${revoked.number}/tokens/${revoked.token.id}`).expect(204);
    const resolved = await given.ticket({ lifetime: hour });
    await desk.patch(`/tickets/${resolved.number}`).send({ resolved: true }).expect(200);
    const spent = await given.ticket({ lifetime: hour, attempts: 1 });
    await given.archive({}, spent.token);
    const { expiringTokens, spentTokens } = await board(desk);
    expect(expiringTokens).toMatchObject({
      count: 2,
      isMore: false,
      items: [
        { id: soon.token.id, ticket: soon.number, attemptsLeft: 3 },
        { id: later.token.id, ticket: later.number },
      ],
    });
    expect(spentTokens).toMatchObject({
      count: 1,
      items: [{ id: spent.token.id, ticket: spent.number, state: 'exhausted' }],
    });
    // One that has expired is neither.
    const past = { expiresAt: new Date(Date.now() - 1000) };
    await own.app.get(DataSource).manager.update(UploadToken, { id: spent.token.id }, past);
    await own.app.get(DataSource).manager.update(UploadToken, { id: soon.token.id }, past);
    const after = await board(desk);
    expect(after.spentTokens.items).toEqual([]);
    expect(after.expiringTokens.count).toBe(1);
  });

  it('that are locked are a trouble, and the failures that locked them no second one', async () => {
    const strict = await startedService({ TOKEN_MAX_FAILURES: '2' });
    const { api: desk } = await strict.given.admin();
    const { number, token } = await strict.given.ticket();
    for (let times = 0; times < 2; times += 1)
      expectProblem(await upload(strict.url, token, { bytes: '' }), 'file-empty');
    const { spentTokens, troubles } = await board(desk);
    expect(of(spentTokens, number)).toMatchObject([{ id: token.id, state: 'locked' }]);
    expect(of(troubles, number)).toMatchObject([{ kind: 'token-locked' }]);
  });
});

describe('a trouble', () => {
  it('is an upload that failed, until the file came after all', async () => {
    const { number, token } = await service.given.ticket();
    const name = 'support.zip';
    for (let times = 0; times < 2; times += 1)
      expectProblem(await upload(service.url, token, { name, bytes: '' }), 'file-empty');
    const { troubles } = await board(api);
    expect(of(troubles, number)).toEqual([
      {
        kind: 'upload-failed',
        ticket: number,
        archiveId: null,
        filename: name,
        reason: 'file-empty',
        bytes: 0,
        declaredBytes: null,
        times: 2,
        at: expect.stringMatching(/Z$/) as string,
      },
    ]);
    await service.given.archive({ name: 'another.zip' }, token);
    expect(of((await board(api)).troubles, number)).toHaveLength(1);
    await service.given.archive({ name }, token);
    expect(of((await board(api)).troubles, number)).toEqual([]);
  });

  it('is none of ours where the customer gave up, and over when the ticket is resolved', async () => {
    const { given } = service;
    const { number, token } = await given.ticket();
    const customer = tus(service.url, token);
    expect(await customer.remove(await customer.begun())).toMatchObject({ status: 204 });
    expect(of((await board(api)).troubles, number)).toEqual([]);
    await upload(service.url, token, { bytes: '' });
    expect(of((await board(api)).troubles, number)).toHaveLength(1);
    await api.patch(`/tickets/${number}`).send({ resolved: true }).expect(200);
    expect(of((await board(api)).troubles, number)).toEqual([]);
  });

  it('is an archive that a side-car contradicts, or whose bytes are gone', async () => {
    const { given } = service;
    const { number, token } = await given.ticket();
    const { id } = await given.archive({ name: 'a.tgz' }, token);
    await upload(service.url, token, { name: 'a.tgz.sha256', bytes: `${'0'.repeat(64)}  a.tgz\n` });
    const mismatched = { kind: 'archive-mismatched', archiveId: id as string, filename: 'a.tgz' };
    expect(of((await board(api)).troubles, number)).toMatchObject([mismatched]);
    const key = await given.apiKey(['tickets:read']);
    expect(of((await board(key.api)).troubles, number)).toEqual([]);
    await service.app.get(DataSource).manager.update(Archive, { id }, { state: 'damaged' });
    expect(of((await board(api)).troubles, number)).toMatchObject([{ kind: 'archive-damaged' }]);
    // Damage is a matter of the storage, whoever still needs the archive.
    await api.patch(`/tickets/${number}`).send({ resolved: true }).expect(200);
    expect(of((await board(api)).troubles, number)).toHaveLength(1);
  });

  it('is a volume without room', async () => {
    const full = await startedService({ MIN_FREE_BYTES: String(Number.MAX_SAFE_INTEGER) });
    const { api: desk } = await full.given.admin();
    const { troubles, room } = await board(desk);
    expect(troubles.items).toMatchObject([{ kind: 'space-exhausted', ticket: null }]);
    expect(room).toMatchObject({ forecast: { outlook: 'full', daysLeft: 0 } });
  });
});

describe('the room and its forecast', () => {
  it('looks at the last two weeks, and says when it cannot', async () => {
    const own = await startedService();
    const { api: desk } = await own.given.admin();
    const { id } = await own.given.archive({ bytes: noise(50_000) });
    expect(await board(desk)).toMatchObject({ room: { forecast: { outlook: 'unknown' } } });
    const { days } = await history(desk);
    expect(days).toHaveLength(31);
    expect(days.at(-1)).toEqual({
      day: new Date().toISOString().slice(0, 10),
      count: 1,
      bytes: 50_000,
    });
    const aged = { uploadedAt: new Date(Date.now() - 20 * 24 * hour * 1000) };
    await own.app.get(DataSource).manager.update(Archive, { id }, aged);
    await own.stop();

    // Days are remembered for a while; a new process has seen none.
    const again = await startedService({}, own.place);
    const { account } = await own.given.admin();
    const back = await again.given.signedIn(account);
    const later = await history(back);
    expect(later.days.at(-1)).toMatchObject({ count: 0, bytes: 0 });
    expect(later.days.at(-21)).toMatchObject({ count: 1, bytes: 50_000 });
    expect(later.room).toMatchObject({
      total: expect.any(Number) as number,
      forecast: { outlook: 'steady', bytesPerDay: 0, basedOnDays: 14, daysLeft: null },
    });
  });
});

describe('an API key', () => {
  it('sees by its scopes what it could ask for elsewhere', async () => {
    const { given } = service;
    await given.archive();
    const tickets = await board((await given.apiKey(['tickets:read'])).api);
    expect(tickets).toMatchObject({ archives: null, room: null });
    const more = await board((await given.apiKey(['tickets:read', 'archives:read'])).api);
    expect(more.archives).not.toHaveLength(0);
    expect(more.room).toBeNull();
    const storage = await given.apiKey(['storage:read']);
    expectProblem(await storage.api.get('/overview'), 'scope-insufficient');
    await storage.api.get('/storage/history').expect(200);
  });
});

it('tells no secret', async () => {
  const { number, token } = await service.given.ticket({ attempts: 1, lifetime: hour });
  await upload(service.url, token, { bytes: '' });
  const text = JSON.stringify(await board(api));
  expect(text).toContain(number);
  expect(text).not.toContain(token.value);
  expect(text).not.toMatch(/lct_|lck_|[0-9a-f]{64}/);
});
