import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { AdmissionService } from '../../src/uploads/intake/admission.service.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { afterFile } from '../support/cleaning.js';
import { digestOf, noise } from '../support/bytes.js';
import { isSqlite } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { databaseGone } from '../support/outage.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { archiveOf, idOf, patchUnderWay, tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const size = 100_000;
const bytes = noise(size);

const customer = async (of: TestService, wishes = {}) => {
  const token = await of.given.uploadToken({ attempts: 5, ...wishes });
  return { token, ...tus(of.url, token) };
};

/** The database refuses to settle an upload, as one whose disk is full. @returns what mends it */
const settlingRefused = async ({ app }: TestService): Promise<() => Promise<unknown>> => {
  const dataSource = app.get(DataSource);
  for (const statement of isSqlite
    ? [`CREATE TRIGGER refuse BEFORE DELETE ON uploads BEGIN SELECT RAISE(ABORT, 'refused'); END`]
    : [
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
        `CREATE TRIGGER refuse BEFORE DELETE ON uploads EXECUTE FUNCTION refuse()`,
      ])
    await dataSource.query(statement);
  return () => dataSource.query(`DROP TRIGGER refuse${isSqlite ? '' : ' ON uploads'}`);
};

describe('a database that does not let an upload be ended', () => {
  it('is told to the client who wants to end it, and can go on with it or end it later', async () => {
    const service = await startedService();
    const { token, begun, head, offset, patch, remove } = await customer(service);
    const paths = [await begun({ length: size }), await begun({ length: size })] as const;
    for (const path of paths) await patch(path, 0, bytes.subarray(0, 60_000));
    const mend = await settlingRefused(service);
    for (const path of paths) {
      const refused = await remove(path);
      expectProblem(refused, 'database-unavailable');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(await offset(path)).toBe(60_000);
    }
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 3 });
    await mend();
    expect(await remove(paths[0])).toMatchObject({ status: 204 });
    expect(await head(paths[0])).toMatchObject({ status: 404 });
    archiveOf(await patch(paths[1], 60_000, bytes.subarray(60_000)));
    expect(storedFiles(service.place)).toEqual([idOf(paths[1])]);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });

  it('keeps a file of another digest until it can be given up', async () => {
    const service = await startedService();
    const { token, begun, head, patch } = await customer(service);
    const path = await begun({ length: size, headers: { 'Repr-Digest': digestOf('other') } });
    const mend = await settlingRefused(service);
    expectProblem(await patch(path, 0, bytes), 'database-unavailable');
    expect(await head(path)).toMatchObject({ status: 503 });
    await mend();
    expect(await head(path)).toMatchObject({ status: 422 });
    expect(await head(path)).toMatchObject({ status: 404 });
    expect(storedFiles(service.place)).toEqual([]);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it('does not keep it from expiring later', async () => {
    const service = await startedService({ UPLOAD_EXPIRY: '1' });
    const { token, begun, patch, head } = await customer(service);
    const path = await begun({ length: size });
    await patch(path, 0, bytes.subarray(0, 60_000));
    const mend = await settlingRefused(service);
    await eventually(async () => expect(await head(path)).toMatchObject({ status: 404 }));
    await service.app.get(SweepService).finish();
    expect(storedFiles(service.place)).toEqual([idOf(path)]);
    await mend();
    await service.app.get(SweepService).finish();
    expect(storedFiles(service.place)).toEqual([]);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });
});

it('a database that goes while bytes come, and comes back, finds an upload to go on with', async () => {
  const first = await startedService();
  const owner = await customer(first);
  const path = await owner.begun({ length: size });
  const half = await patchUnderWay(first.place, owner, path, 0, bytes.subarray(0, 60_000));
  const back = await databaseGone(first);
  half.breakOff();
  await first.app.get(AdmissionService).whenIdle();
  expect(await owner.head(path)).toMatchObject({ status: 503 });
  expect(await owner.remove(path)).toMatchObject({ status: 503 });
  await back();
  // A file does not come back to the same process.
  if (isSqlite) await first.stop();
  const { url } = isSqlite ? await startedService({}, first.place) : first;
  const again = tus(url, owner.token);
  const done = await eventually(async () => {
    const answer = await again.patch(path, 60_000, bytes.subarray(60_000));
    expect(answer).toMatchObject({ status: 204 });
    return answer;
  });
  expect(done.headers['repr-digest']).toBe(digestOf(bytes));
  expect(await tokenState(url, owner.token)).toMatchObject({ attemptsLeft: 4 });
});

/** A transaction of somebody else's, which others wait for until it lets go. */
const waitedFor = async (service: TestService) => {
  const { databaseUrl } = service.place;
  const client = new Client({ connectionString: databaseUrl });
  // The outage ends this one, too.
  client.on('error', () => undefined);
  afterFile(() => client.end().catch(() => undefined));
  await client.connect();
  await client.query('BEGIN');
  return {
    /** Resolves when it holds what it asks for. */
    take: (statement: string, id?: string) =>
      client.query(statement, id === undefined ? [] : [id]).catch(() => null),
    letGo: () => client.query('COMMIT'),
  };
};

const waits = (service: TestService, forWhat: RegExp): Promise<void> =>
  eventually(async () => {
    const rows = await service.app
      .get(DataSource)
      .query<{ query: string }[]>(
        `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
    expect(rows.map(({ query }) => query)).toContainEqual(expect.stringMatching(forWhat));
  });

const tokenOf = async ({ app }: TestService, path: string): Promise<string> => {
  const rows = await app
    .get(DataSource)
    .query<{ token_id: string }[]>('SELECT token_id FROM uploads WHERE id = $1', [idOf(path)]);
  return rows[0]?.token_id ?? '';
};

// Only there does the database come back, and only there can a story hold a request at one statement.
if (!isSqlite)
  describe('a connection that is lost in the middle of', () => {
    const aRow = 'SELECT 1 FROM uploads WHERE id = $1 FOR UPDATE';

    const begunWith = async () => {
      const service = await startedService();
      const owner = await customer(service);
      const path = await owner.begun({ length: size });
      await owner.patch(path, 0, bytes.subarray(0, 60_000));
      return { service, path, ...owner };
    };

    it.each([
      [
        'seizure, at the look at the upload that it took',
        'uploads',
        /^SELECT .* FROM "uploads" "Upload"/,
      ],
      // What the proof read a second ago at most serves the request's beginning; a slow one looks again.
      ['request, at its token', 'upload_tokens', /^(UPDATE "upload_tokens"|SELECT "token"\."id")/],
    ])('the %s, leaves it to be gone on with', async (_at, table, statement) => {
      const { service, path, token, patch, head, offset } = await begunWith();
      const [row, whole] = [await waitedFor(service), await waitedFor(service)];
      await row.take(aRow, idOf(path));
      const answer = patch(path, 60_000, bytes.subarray(60_000));
      await waits(service, /^UPDATE "uploads"/);
      // In the order of their asking: the update, this, and then what the request asks next.
      const taken = whole.take(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      await (table === 'uploads' ? waits(service, /^LOCK TABLE/) : taken);
      await row.letGo();
      await taken;
      await waits(service, statement);
      const back = await databaseGone(service);
      expectProblem(await answer, 'database-unavailable');
      await back();
      await eventually(async () => expect(await head(path)).toMatchObject({ status: 200 }));
      // Where the lock went before the connection that waited for it, the request came further.
      const at = await offset(path);
      const done = await patch(path, at, bytes.subarray(at));
      expect(done).toMatchObject({ status: 204, headers: { 'repr-digest': digestOf(bytes) } });
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    });

    it('the seizure, at the seizing itself, leaves it to be gone on with', async () => {
      const { service, path, patch, head } = await begunWith();
      await (await waitedFor(service)).take(aRow, idOf(path));
      const answer = patch(path, 60_000, bytes.subarray(60_000));
      await waits(service, /^UPDATE "uploads"/);
      const back = await databaseGone(service);
      expectProblem(await answer, 'database-unavailable');
      await back();
      await eventually(async () => expect(await head(path)).toMatchObject({ status: 200 }));
      archiveOf(await patch(path, 60_000, bytes.subarray(60_000)));
    });

    it('its end is told to the client, who ends it as soon as there is a database', async () => {
      const { service, path, token, offset, remove } = await begunWith();
      const lock = 'SELECT 1 FROM upload_tokens WHERE id = $1 FOR UPDATE';
      await (await waitedFor(service)).take(lock, await tokenOf(service, path));
      const answer = remove(path);
      await waits(service, /upload_tokens/);
      const back = await databaseGone(service);
      expectProblem(await answer, 'database-unavailable');
      await back();
      await eventually(async () => expect(await offset(path)).toBe(60_000));
      expect(await remove(path)).toMatchObject({ status: 204 });
      expect(storedFiles(service.place)).toEqual([]);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
    });
  });
