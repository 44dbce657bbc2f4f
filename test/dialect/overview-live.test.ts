import { get } from 'node:http';
import { DataSource } from 'typeorm';
import { Session } from '../../src/auth/sessions/session.entity.js';
import { WatchersService } from '../../src/dashboard/watchers.service.js';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import { cookieOf, refusedWatching, watching } from '../support/watching.js';
import type { ServerSentEvent } from '../support/watching.js';

let service: TestService;

beforeAll(async () => {
  service = await startedService();
});

const isBoard = ({ event }: ServerSentEvent): boolean => event === 'overview';
const isEnd = ({ event }: ServerSentEvent): boolean => event === 'ended';

/** A board that shows this upload, with so many bytes. */
const shows =
  (ticket: string, bytes: number) =>
  ({ event, data }: ServerSentEvent): boolean =>
    event === 'overview' &&
    (data.uploads.items as { ticket: string; bytes: number }[]).some(
      (item) => item.ticket === ticket && item.bytes === bytes,
    );

const nobodyWatches = (at: TestService = service): Promise<void> =>
  eventually(() => expect(at.app.get(WatchersService).count).toBe(0));

afterEach(() => nobodyWatches());

describe('a board that is watched', () => {
  it('comes at once, as events that no proxy keeps back', async () => {
    const { api } = await service.given.engineer();
    const watch = await watching(service.url, api);
    expect(watch.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const { data, id } = await watch.until(isBoard);
    const { body } = await api.get('/overview').expect(200);
    expect({ ...data, at: '' }).toEqual({ ...(body as object), at: '' });
    expect(Number(id)).toBe(Date.parse(data.at as string));
    expect(watch.text()).toMatch(/^retry: \d+\n\n/);
    watch.leave();
  });

  it('follows an upload from its first byte to its archive, whichever process takes it', async () => {
    const replicas = await replicasOf(service, 2);
    const { api } = await service.given.engineer();
    const watch = await watching(service.url, api);
    const { number, token } = await service.given.ticket();
    await watch.until(({ data }) => JSON.stringify(data?.waiting).includes(`"${number}"`));
    const running = await uploadUnderWay(replicas.at(-1)?.url ?? '', token);
    await watch.until(shows(number, 15));
    await running.write(noise(70_000));
    await watch.until(shows(number, 70_015));
    const { body } = await running.finish();
    const { data } = await watch.until(({ data }) => data?.archives?.[0]?.id === body.id);
    expect(JSON.stringify(data.uploads)).not.toContain(`"${number}"`);
    expect(JSON.stringify(data.waiting)).not.toContain(`"${number}"`);
    watch.leave();
  });

  it('tells of an upload that failed', async () => {
    const { api } = await service.given.engineer();
    const watch = await watching(service.url, api);
    const { number, token } = await service.given.ticket();
    const running = await uploadUnderWay(service.url, token);
    await watch.until(shows(number, 15));
    running.breakOff();
    await watch.until(
      ({ data }) =>
        (data?.troubles?.items as { ticket: string }[] | undefined)?.some(
          ({ ticket }) => ticket === number,
        ) === true,
    );
    watch.leave();
  });

  it('is looked at once for all who watch, and by nobody when nobody does', async () => {
    const own = await startedService();
    const { api } = await own.given.engineer();
    const first = await watching(own.url, api);
    const { id } = await first.until(isBoard);
    const second = await watching(own.url, api);
    // The same look, not another one.
    expect(await second.until(isBoard)).toMatchObject({ id });
    await own.given.ticket();
    const change = ({ data }: ServerSentEvent): boolean => data?.hasTickets === true;
    const [one, two] = await Promise.all([first.until(change), second.until(change)]);
    expect(one).toEqual(two);
    first.leave();
    second.leave();
    await nobodyWatches(own);
    // The last turn finds nobody and is followed by none.
    const idle = () => own.app.get(WatchersService).isIdle;
    await eventually(() => expect(idle()).toBe(true));
    const third = await watching(own.url, api);
    await third.until(change);
    third.leave();
    await nobodyWatches(own);
  });
});

describe('a session', () => {
  it('that ends ends what it watches, and says so', async () => {
    const { api } = await service.given.engineer();
    const watch = await watching(service.url, api);
    await watch.until(isBoard);
    await api.post('/auth/logout').expect(204);
    await watch.until(isEnd);
    await watch.ended;
    const answer = await refusedWatching(service.url, { Cookie: cookieOf(api) });
    expect(answer.status).toBe(401);
  });

  it('of somebody who is disabled ends it too', async () => {
    const { api, id } = await service.given.engineer();
    const { api: admin } = await service.given.admin();
    const watch = await watching(service.url, api);
    await watch.until(isBoard);
    await admin.patch(`/users/${id}`).send({ disabled: true }).expect(200);
    await watch.until(isEnd);
    await watch.ended;
  });

  it('goes on when an admin becomes an engineer, who may see all of it', async () => {
    const { api, id } = await service.given.user('admin', 'will-be-engineer');
    const { api: admin } = await service.given.admin();
    const watch = await watching(service.url, api);
    await watch.until(isBoard);
    await admin.patch(`/users/${id}`).send({ role: 'engineer' }).expect(200);
    const { number } = await service.given.ticket();
    await watch.until(
      ({ data, event }) => event === 'ended' || JSON.stringify(data?.waiting).includes(number),
    );
    watch.leave();
  });

  it('is not kept alive by watching', async () => {
    const own = await startedService();
    const { api, id } = await own.given.engineer();
    const { manager } = own.app.get(DataSource);
    // Nearly idle for too long: any request of the person would count.
    const seenAt = new Date(Date.now() - 3_598_000);
    await manager.update(Session, { userId: id }, { seenAt });
    const watch = await watching(own.url, api);
    await watch.until(isBoard);
    await api.get('/overview').expect(200);
    await api.get('/storage').expect(200);
    expect(await manager.findOneByOrFail(Session, { userId: id })).toMatchObject({ seenAt });
    await watch.until(isEnd);
    await watch.ended;
    expectProblem(await api.get('/overview'), 'session-expired');
  });
});

describe('those who watch', () => {
  it('are four a session at most, and make room when they go', async () => {
    const { api, account } = await service.given.engineer();
    const watches = await Promise.all([1, 2, 3, 4].map(() => watching(service.url, api)));
    const refused = await refusedWatching(service.url, { Cookie: cookieOf(api) });
    expectProblem(refused, 'rate-limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // Another browser has its own.
    const other = await watching(service.url, await service.given.signedIn(account));
    other.leave();
    watches[0]?.leave();
    const again = await eventually(() => watching(service.url, api));
    for (const watch of [again, ...watches]) watch.leave();
  });

  it('are people: a key asks', async () => {
    const { value } = await service.given.apiKey(['tickets:read']);
    const answer = await refusedWatching(service.url, { Authorization: `Bearer ${value}` });
    expectProblem(answer, 'session-required');
  });

  it('get no body for a HEAD, and need not wait for it', async () => {
    const { api } = await service.given.engineer();
    const answer = await send(`${service.url}/api/v1/overview/events`, {
      method: 'HEAD',
      headers: { Cookie: cookieOf(api) },
    });
    expect(answer).toMatchObject({ status: 200, text: '' });
  });

  it('are forgotten when their connection is gone', async () => {
    const { api } = await service.given.engineer();
    const request = get(`${service.url}/api/v1/overview/events`, {
      agent: false,
      headers: { Cookie: cookieOf(api) },
    });
    await new Promise((resolve) => request.once('response', resolve));
    expect(service.app.get(WatchersService).count).toBe(1);
    request.on('error', () => undefined);
    request.destroy();
    await nobodyWatches();
  });
});

describe('a service that is told to stop', () => {
  it('ends the streams at once, and keeps its grace for uploads', async () => {
    // Far beyond the test's own deadline: whoever waited for these streams would fail.
    const stopping = await startedService({ SHUTDOWN_GRACE: '300' });
    const { api } = await stopping.given.engineer();
    const token = await stopping.given.uploadToken();
    const running = await uploadUnderWay(stopping.url, token);
    const watch = await watching(stopping.url, api);
    await watch.until(isBoard);
    const stopped = stopping.stop();
    await watch.ended;
    // It did not end because the session did.
    expect(watch.events().some(isEnd)).toBe(false);
    const refused = await refusedWatching(stopping.url, { Cookie: cookieOf(api) });
    expectProblem(refused, 'shutting-down');
    expect(await running.finish()).toMatchObject({ status: 201 });
    await stopped;
  });
});

it('shows no secret', async () => {
  const { api } = await service.given.engineer();
  const watch = await watching(service.url, api);
  const { number, token } = await service.given.ticket({ attempts: 1, lifetime: 3600 });
  await upload(service.url, token, { bytes: '' });
  await watch.until(({ data }) => JSON.stringify(data?.troubles).includes(number));
  expect(watch.text()).not.toMatch(/lct_|lck_|lc_session/);
  watch.leave();
});
