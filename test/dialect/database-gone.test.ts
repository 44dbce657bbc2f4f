import { execFileSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { noise, sha256Of } from '../support/bytes.js';
import { command } from '../support/command.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { freshPlace, isSqlite } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { itUnless } from '../support/left-out.js';
import { mayOwnPostgres, ownPostgres } from '../support/own-postgres.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { noMounts, smallVolume } from '../support/small-volume.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const get = ({ url }: Pick<TestService, 'url'>, path: string): Promise<Answer> =>
  send(url + path, { method: 'GET' });

const live = async (service: Pick<TestService, 'url'>): Promise<void> =>
  expect(await get(service, '/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });

const readyWithout = async (service: Pick<TestService, 'url'>, part: string): Promise<void> => {
  const checks = { database: 'up', storage: 'up', freeSpace: 'up', accepting: 'up' };
  expect(await get(service, '/health/ready')).toMatchObject({
    status: 503,
    body: { status: 'error', checks: { ...checks, [part]: 'down' } },
  });
};

const readyAgain = (service: Pick<TestService, 'url'>): Promise<void> =>
  eventually(async () => {
    expect(await get(service, '/health/ready')).toMatchObject({ status: 200 });
  });

const attempts = 1000;

/** Customers who never stop, and what they were told. */
const load = (service: TestService, tokens: readonly IssuedToken[]) => {
  const over = new AbortController();
  const stored = new Map<string, string>();
  const refused: Answer[] = [];
  const customer = async (token: IssuedToken, at: number): Promise<void> => {
    for (let count = 0; !over.signal.aborted; count += 1) {
      const bytes = noise(1 + ((7919 * (count + 1)) % 90_000), 1000 * at + count);
      const answer = await upload(service.url, token, { way: at % 2 ? 'put' : 'form', bytes });
      if (answer.status === 201) stored.set(String(answer.body.id), sha256Of(bytes));
      else refused.push(answer);
    }
  };
  const working = tokens.map(customer);
  return {
    stored,
    refused,
    stop: async (): Promise<void> => {
      over.abort();
      await Promise.all(working);
    },
  };
};

/** Each 201 is there and hashes right, nothing else is, and no attempt is lost or won. */
const expectWhole = async (
  service: TestService,
  tokens: readonly IssuedToken[],
  stored: ReadonlyMap<string, string>,
): Promise<void> => {
  // What the clock does each minute.
  await service.app.get(SweepService).finish();
  const { api } = await service.given.admin();
  const listed = new Map<string, { readonly sha256: string; readonly tokenId: string }>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await api.get(`/archives?limit=200${cursor && `&cursor=${cursor}`}`).expect(200);
    const { items, nextCursor } = page.body as {
      items: { id: string; sha256: string; tokenId: string }[];
      nextCursor: string | null;
    };
    for (const item of items) listed.set(item.id, item);
    cursor = nextCursor;
  }
  expect([...stored].filter(([id, sha256]) => listed.get(id)?.sha256 !== sha256)).toEqual([]);
  expect(storedFiles(service.place)).toEqual([...listed.keys()].sort());
  const verified = await command(['verify'], { place: service.place });
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining(' 0 findings') });
  for (const token of tokens) {
    const spent = [...listed.values()].filter(({ tokenId }) => tokenId === token.id).length;
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: attempts - spent });
  }
};

const withTokens = async (service: TestService): Promise<readonly IssuedToken[]> => {
  const tokens: IssuedToken[] = [];
  for (let at = 0; at < 4; at += 1) tokens.push(await service.given.uploadToken({ attempts }));
  return tokens;
};

if (!isSqlite && mayOwnPostgres)
  describe('a PostgreSQL that is stopped under load, and started again', () => {
    it.each(['fast', 'immediate'] as const)(
      'after a stop that is %s: 503 meanwhile, then all as before without a restart',
      async (how) => {
        const postgres = await ownPostgres();
        const service = await startedService({}, postgres.place);
        const { api } = await service.given.admin();
        const tokens = await withTokens(service);
        const { id } = await service.given.archive({}, tokens[0]);
        const one = await service.given.uploadToken({ attempts: 1 });
        const running = await uploadUnderWay(service.url, one);
        const customers = load(service, tokens);
        await eventually(() => expect(customers.stored.size).toBeGreaterThan(8));

        await postgres.stop(how);
        await eventually(() => expect(customers.refused.length).toBeGreaterThan(40));
        await live(service);
        await readyWithout(service, 'database');
        expectProblem(await api.get(`/archives/${id}/content`), 'database-unavailable');
        expectProblem(await running.finish(), 'database-unavailable');
        await live(service);

        await postgres.start();
        await readyAgain(service);
        const before = customers.stored.size;
        await eventually(() => expect(customers.stored.size).toBeGreaterThan(before + 8));
        await customers.stop();

        for (const answer of customers.refused) {
          expectProblem(answer, 'database-unavailable');
          expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
        }
        await download(api, String(id)).expect(200);
        await expectWhole(service, tokens, customers.stored);
        expect(await tokenState(service.url, one)).toMatchObject({ attemptsLeft: 1 });
        expect(await upload(service.url, one)).toMatchObject({ status: 201 });
      },
    );
  });

if (!isSqlite)
  it('a network that swallows what goes to the database: not ready, alive, and nothing is lost', async () => {
    const place = await freshPlace();
    const url = new URL(place.databaseUrl);
    const line = await cuttingProxy(`tcp://${url.host}`);
    url.port = new URL(line.url).port;
    const service = await startedService({ DATABASE_URL: url.href }, place);
    const tokens = await withTokens(service);
    const customers = load(service, tokens);
    await eventually(() => expect(customers.stored.size).toBeGreaterThan(4));
    line.stall();
    await readyWithout(service, 'database');
    await live(service);
    line.restore();
    await readyAgain(service);
    // And one that breaks.
    line.cutAll();
    await live(service);
    const before = customers.stored.size;
    await eventually(() => expect(customers.stored.size).toBeGreaterThan(before + 8));
    await customers.stop();
    for (const answer of customers.refused) expectProblem(answer, 'database-unavailable');
    await expectWhole(service, tokens, customers.stored);
  });

if (isSqlite)
  describe('an SQLite database that another process writes to', () => {
    const lockedBy = (service: TestService) => {
      const { target } = service.place;
      const other = new Database(target.kind === 'sqlite' ? target.path : '');
      other.exec('BEGIN IMMEDIATE');
      return {
        release: (): void => {
          other.exec('ROLLBACK');
          other.close();
        },
      };
    };

    it('for a moment: who writes waits, and everything else goes on', async () => {
      const service = await startedService();
      const token = await service.given.uploadToken();
      const lock = lockedBy(service);
      let isAnswered = false;
      const waiting = upload(service.url, token).finally(() => (isAnswered = true));
      for (let probes = 0; probes < 5; probes += 1) await live(service);
      expect(isAnswered).toBe(false);
      lock.release();
      expect(await waiting).toMatchObject({ status: 201 });
    });

    it('and does not end: 503 without stray files, alive all the while, and back by itself', async () => {
      const service = await startedService();
      const tokens = await withTokens(service);
      const { id } = await service.given.archive({}, tokens[0]);
      const lock = lockedBy(service);
      let answered = 0;
      const waiting = [0, 1, 2].flatMap(() =>
        tokens.map((token) => upload(service.url, token).finally(() => (answered += 1))),
      );
      await live(service);
      // A process that waits within SQLite's own call answers nobody until it gives the first of them up.
      expect(answered).toBe(0);
      await readyWithout(service, 'database');
      for (const answer of await Promise.all(waiting)) {
        expectProblem(answer, 'database-unavailable');
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      }
      expect(storedFiles(service.place)).toEqual([id]);
      lock.release();
      await readyAgain(service);
      const again = await upload(service.url, tokens[0] ?? null);
      expect(again).toMatchObject({ status: 201 });
      const stored = new Map([[String(again.body.id), sha256Of('some logs')]]);
      await expectWhole(service, tokens, stored);
    });

    itUnless(noMounts)(
      'that lies on a read-only volume is said so by name at the start',
      async () => {
        const volume = await smallVolume(64 * 1024 * 1024);
        expect(await command(['migrate'], { place: volume })).toMatchObject({ code: 0 });
        execFileSync('mount', ['-o', 'remount,ro', volume.dataDir]);
        for (const args of [['serve'], ['verify']]) {
          const { code, stdout, stderr } = await command(args, { place: volume });
          expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
          expect(stderr).toMatch(
            /^The database \S+\.sqlite cannot be opened and written [^\n]*writable[^\n]*\n$/,
          );
        }
        execFileSync('mount', ['-o', 'remount,rw', volume.dataDir]);
        expect(await command(['verify'], { place: volume })).toMatchObject({ code: 0 });
      },
    );
  });
