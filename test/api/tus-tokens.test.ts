import { noise, sha256Of } from '../support/bytes.js';
import { databaseDump } from '../support/dump.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { partialSize, storedFiles } from '../support/store-files.js';
import { archiveOf, idOf, patchUnderWay, tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const size = 100_000;
const bytes = noise(size);
let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

const customer = async (wishes = {}, of = service) => {
  const token = await of.given.uploadToken({ attempts: 5, ...wishes });
  return { token, ...tus(of.url, token) };
};

const sha256 = async (id: string, of = service): Promise<string> => {
  const { api } = await of.given.admin();
  const { body } = await api.get(`/archives/${id}`).expect(200);
  return body.sha256 as string;
};

describe('the token', () => {
  it('goes with every request, and others see nothing of the upload', async () => {
    const owner = await customer();
    const path = await owner.begun({ length: size });
    await owner.patch(path, 0, bytes.subarray(0, 1000));
    const sameTicket = await service.given.uploadToken({ ticket: owner.token.ticket });
    const strangers: [string | null, number][] = [
      [null, 401],
      [`lct_${'x'.repeat(32)}`, 401],
      [(await service.given.uploadToken()).value, 404],
      [sameTicket.value, 404],
    ];
    for (const [value, status] of strangers) {
      const { head, patch, remove } = tus(service.url, value);
      const answers = [
        await head(path),
        await patch(path, 1000, bytes.subarray(1000)),
        await remove(path),
      ];
      expect(answers.map((answer) => answer.status)).toEqual([status, status, status]);
    }
    expect((await tus(service.url, null).create()).status).toBe(401);
    expect(await owner.offset(path)).toBe(1000);
    const id = archiveOf(await owner.patch(path, 1000, bytes.subarray(1000)));
    // What was stored is no more others' than what was under way.
    expect(await tus(service.url, sameTicket).head(path)).toMatchObject({ status: 404 });
    expect(await sha256(id)).toBe(sha256Of(bytes));
  });

  it('may come in any header that other ways in take', async () => {
    const { token, begun } = await customer();
    const path = await begun({ length: size });
    const basic = Buffer.from(`anybody:${token.value}`).toString('base64');
    for (const Authorization of [`Bearer ${token.value}`, `Basic ${basic}`]) {
      const { head } = tus(service.url, null);
      expect(await head(path, { Authorization })).toMatchObject({ status: 200 });
    }
  });

  it('pays one attempt when the upload begins, and no other however many requests come', async () => {
    const { token, begun, create, patch } = await customer({ attempts: 1 });
    const path = await begun({ length: size });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
    expectProblem(await create(), 'token-exhausted');
    expectProblem(await upload(service.url, token), 'token-exhausted');
    for (let at = 0; at < size; at += 10_000)
      expect(await patch(path, at, bytes.subarray(at, at + 10_000))).toMatchObject({ status: 204 });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
    expectProblem(await create(), 'token-exhausted');
  });

  it('that expired meanwhile finishes what it began, and begins nothing', async () => {
    const { token, begun, create, patch, offset } = await customer({ lifetime: 2 });
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 60_000));
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
    );
    expectProblem(await create(), 'token-expired');
    expect(await offset(path)).toBe(60_000);
    const id = archiveOf(await patch(path, 60_000, bytes.subarray(60_000)));
    expect(await sha256(id)).toBe(sha256Of(bytes));
  });

  it('that was revoked meanwhile brings nothing more, and its bytes go', async () => {
    const { token, begun, patch } = await customer();
    const path = await begun({ length: size });
    const running = await customer();
    const cut = await running.begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 60_000));
    const half = await patchUnderWay(service.place, running, cut, 0, bytes.subarray(0, 60_000));
    const { api } = await service.given.admin();
    for (const { ticket, id } of [token, running.token])
      await api.delete(`/tickets/${ticket}/tokens/${id}`).expect(204);
    expectProblem(await patch(path, 60_000, bytes.subarray(60_000)), 'token-revoked');
    // One that is under way learns it at its end.
    expectProblem(await half.finish(bytes.subarray(60_000)), 'token-revoked');
    await eventually(() => {
      const files = storedFiles(service.place);
      for (const gone of [path, cut]) expect(files).not.toContain(idOf(gone));
    });
  });
});

describe('the ticket', () => {
  it('that was resolved meanwhile takes no bytes until it is open again', async () => {
    const owner = await customer();
    const { token, begun, head, patch, offset } = owner;
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 60_000));
    const { api } = await service.given.admin();
    const resolve = (resolved: boolean) =>
      api.patch(`/tickets/${token.ticket}`).send({ resolved }).expect(200);
    await resolve(true);
    expectProblem(await patch(path, 60_000, bytes.subarray(60_000)), 'ticket-resolved');
    await resolve(false);
    expect(await offset(path)).toBe(60_000);
    const part = bytes.subarray(60_000, 70_000);
    const half = await patchUnderWay(service.place, owner, path, 60_000, part);
    await resolve(true);
    expectProblem(await half.finish(bytes.subarray(70_000)), 'ticket-resolved');
    await resolve(false);
    // All of its bytes are there: to ask is enough.
    expect(await sha256(archiveOf(await head(path)))).toBe(sha256Of(bytes));
  });

  it('that was deleted meanwhile takes the upload with it, also one under way', async () => {
    const own = await startedService();
    const owner = await customer({}, own);
    const [path, running] = [
      await owner.begun({ length: size }),
      await owner.begun({ length: size }),
    ];
    await owner.patch(path, 0, bytes.subarray(0, 60_000));
    const half = await patchUnderWay(own.place, owner, running, 0, bytes.subarray(0, 60_000));
    const { api } = await own.given.admin();
    await api.delete(`/tickets/${owner.token.ticket}`).expect(204);
    expect((await owner.head(path)).status).toBe(401);
    expectProblem(await owner.patch(path, 60_000, bytes.subarray(60_000)), 'token-unknown');
    expect((await half.finish(bytes.subarray(60_000))).status).toBeGreaterThanOrEqual(400);
    await eventually(() => expect(storedFiles(own.place)).toEqual([]));
    expect((await api.get('/archives').expect(200)).body).toMatchObject({ items: [] });
  });
});

describe('an upload that nobody goes on with', () => {
  it('expires after UPLOAD_EXPIRY, and gives its attempt back', async () => {
    const own = await startedService({ UPLOAD_EXPIRY: '2' });
    const { token, begun, head, patch, remove, create } = await customer({}, own);
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 60_000));
    const { headers } = await head(path);
    const expires = Date.parse(String(headers['upload-expires']));
    await eventually(async () => expect(await head(path)).toMatchObject({ status: 404 }));
    // Not before its time, which is said in whole seconds.
    expect(Date.now()).toBeGreaterThanOrEqual(expires);
    expectProblem(await patch(path, 60_000, bytes.subarray(60_000)), 'not-found');
    expectProblem(await remove(path), 'not-found');
    await eventually(async () => {
      expect(await tokenState(own.url, token)).toMatchObject({ attemptsLeft: 5 });
      expect(storedFiles(own.place)).toEqual([]);
    });
    expect(await create()).toMatchObject({ status: 201 });
    const { api } = await own.given.admin();
    const { body } = await api.get('/audit-events?action=archive.upload-failed').expect(200);
    expect(body).toMatchObject({ items: [{ details: { ticket: token.ticket } }] });
  });

  it('does not expire while its bytes come, and a request that brings some puts it off', async () => {
    const own = await startedService({ UPLOAD_EXPIRY: '2' });
    const owner = await customer({}, own);
    const other = await customer({}, own);
    const [path, untouched] = [
      await owner.begun({ length: size }),
      await other.begun({ length: size }),
    ];
    const half = await patchUnderWay(own.place, owner, path, 0, bytes.subarray(0, 60_000));
    await eventually(async () =>
      expect(await other.head(untouched)).toMatchObject({ status: 404 }),
    );
    await eventually(async () =>
      expect(await tokenState(own.url, other.token)).toMatchObject({ attemptsLeft: 5 }),
    );
    archiveOf(await half.finish(bytes.subarray(60_000)));
  });

  it('and got no byte makes room for another one where no attempt is left', async () => {
    const own = await startedService({ UPLOAD_IDLE_TIMEOUT: '1' });
    const { token, begun, create, head } = await customer({ attempts: 1 }, own);
    // The answer was lost: the customer knows nothing of it.
    const path = await begun({ length: size });
    const again = await eventually(async () => {
      const answer = await create({ length: size });
      expect(answer).toMatchObject({ status: 201 });
      return String(answer.headers.location);
    });
    expect(again).not.toBe(path);
    expect(await head(path)).toMatchObject({ status: 404 });
    expect(await tokenState(own.url, token)).toMatchObject({ attemptsLeft: 0 });
  });
});

describe('uploads that come to nothing', () => {
  it('lock the token in the end', async () => {
    const own = await startedService({ TOKEN_MAX_FAILURES: '3', UPLOAD_EXPIRY: '3' });
    const { token, begun, create, patch, remove } = await customer({}, own);
    for (let times = 0; times < 2; times += 1) await remove(await begun());
    // One that is stored clears the count.
    archiveOf(await patch(await begun({ length: size }), 0, bytes));
    for (let times = 0; times < 2; times += 1) await remove(await begun());
    expect(await tokenState(own.url, token)).toMatchObject({ attemptsLeft: 4, state: 'active' });
    await begun();
    await eventually(async () =>
      expect(await tokenState(own.url, token)).toMatchObject({ state: 'locked' }),
    );
    expectProblem(await create(), 'token-locked');
  });
});

it('says nothing of the token in its log, its audit and its database', async () => {
  const own = await startedService({ LOG_LEVEL: 'debug' });
  const { token, begun, patch, remove } = await customer({}, own);
  const path = await begun({ length: size });
  await patch(path, 7, 'wrong');
  await patch(path, 0, bytes.subarray(0, 10));
  expect(partialSize(own.place, idOf(path))).toBe(10);
  await remove(path);
  archiveOf(await patch(await begun({ length: size }), 0, bytes));
  const { api } = await own.given.admin();
  const { body } = await api.get('/audit-events?limit=200').expect(200);
  expect((body as { items: { action: string }[] }).items.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['archive.upload-failed', 'archive.stored']),
  );
  for (const text of [own.log.text, JSON.stringify(body), await databaseDump(own)])
    expect(text).not.toContain(token.value);
});
