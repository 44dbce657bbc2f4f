import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { cleanUp } from '../../test/support/cleaning.js';
import { mayOwnPostgres, ownPostgres } from '../../test/support/own-postgres.js';
import { databaseTarget, loadConfig } from '../../src/config/load-config.js';
import { startService } from '../../scripts/running-service.js';
import { BenchedService } from '../contenders.js';
import { fill } from '../fill.js';
import { load, requestBytes } from '../load.js';
import { round } from '../report.js';
import type { Findings, Target } from '../report.js';
import { median, percentile } from '../rounds.js';

const few = 1_000;
const many = 1_000_000;
const pageSize = 50;
/** For each page in each round. */
const requests = 200;
/** Larger pages on the way to the depth. */
const stepSize = 200;
const startupMs = 1_500;

interface Seen {
  readonly what: string;
  readonly tickets: number;
  readonly p50: number;
  readonly p99: number;
}

type PageOfTickets = Readonly<{ nextCursor: string | null }>;

/** The cursor of the page that begins so deep. */
const cursorAt = async (
  service: BenchedService,
  filter: string,
  depth: number,
): Promise<string> => {
  let cursor = '';
  for (let at = 0; at < depth; at += stepSize) {
    const path = `/tickets?limit=${stepSize}${filter}${cursor}`;
    const { nextCursor } = await service.admin.send<PageOfTickets>('GET', path);
    if (nextCursor === null) throw new Error(`the list ends before ${depth}`);
    cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
  }
  return cursor;
};

const timesOf = (service: BenchedService, query: string): Promise<number[]> => {
  const url = new URL(`${service.url}/api/v1/tickets?limit=${pageSize}${query}`);
  const request = requestBytes('GET', url, {
    Cookie: service.admin.cookieHeader.replace('Cookie: ', ''),
  });
  let left = requests;
  return load(url, 1, 200, () => (left-- > 0 ? request : null));
};

const filter = '&platform=filled-0';

/** A service whose database has so many tickets, and what to ask it for. */
interface Filled {
  readonly service: BenchedService;
  readonly tickets: number;
  readonly pages: readonly { readonly what: string; readonly query: string; times: number[] }[];
}

const filled = async (
  folder: string,
  env: Readonly<Record<string, string>>,
  tickets: number,
): Promise<Filled> => {
  // There are no bytes behind these archives.
  const withEnv = { ...env, SCRUB_RATE_BYTES: '0' };
  mkdirSync(folder);
  // Makes the tables, and the store while there are no archives yet.
  await (await startService(folder, withEnv)).stop();
  await fill(databaseTarget(loadConfig({ ...env, DATA_DIR: join(folder, 'data') })), tickets);
  const service = await BenchedService.start(folder, withEnv);
  const wanted: readonly [string, string, number][] = [
    ['first page', '', 0],
    ['first page, of a platform', filter, 0],
    [`page at ${tickets / 2}`, '', tickets / 2],
    [`page at ${tickets / 4} of a platform`, filter, tickets / 4],
  ];
  const pages: Filled['pages'][number][] = [];
  for (const [what, filtered, depth] of wanted) {
    const query = `${filtered}${await cursorAt(service, filtered, depth)}`;
    pages.push({ what, query, times: [] });
  }
  return { service, tickets, pages };
};

/** The same page of both in turn, round by round; the first round warms them up. */
const look = async (all: readonly Filled[], rounds: number): Promise<Seen[][]> => {
  for (let turn = 0; turn <= rounds; turn += 1)
    for (const at of all[0]?.pages.keys() ?? [])
      for (const { service, pages } of all) {
        const page = pages[at];
        const times = page ? await timesOf(service, page.query) : [];
        if (turn > 0) page?.times.push(...times);
      }
  return all.map(({ tickets, pages }) =>
    pages.map(({ what, times }) => ({
      what,
      tickets,
      p50: round(median(times)),
      p99: round(percentile(times, 0.99)),
    })),
  );
};

/** Another empty database of the same server. */
const sibling = async (url: string): Promise<string> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('CREATE DATABASE filled');
  await client.end();
  return url.replace(/[^/]+$/, 'filled');
};

/** Pages of tickets and the start of the service, with a thousand tickets and with a million and three million archives. */
export const lists = async (folder: string, rounds: number): Promise<Findings> => {
  const rows: Record<string, string | number>[] = [];
  const targets: Target[] = [];
  const databases: [name: string, few: object, many: object][] = [['SQLite', {}, {}]];
  if (mayOwnPostgres) {
    const { databaseUrl } = (await ownPostgres()).place;
    const large = await sibling(databaseUrl);
    databases.push(['PostgreSQL', { DATABASE_URL: databaseUrl }, { DATABASE_URL: large }]);
  }
  const started: Filled[] = [];
  try {
    for (const [name, ...envs] of databases) {
      const small = await filled(join(folder, `${name}-few`), { ...envs[0] }, few);
      started.push(small);
      const large = await filled(join(folder, `${name}-many`), { ...envs[1] }, many);
      started.push(large);
      const { startMs } = large.service;
      const [ofFew = [], ofMany = []] = await look([small, large], rounds);
      for (const { what, tickets, p50, p99 } of [...ofFew, ...ofMany])
        rows.push({ database: name, what, tickets, 'p50 ms': p50, 'p99 ms': p99 });
      rows.push({
        database: name,
        what: 'start to ready',
        tickets: many,
        'p50 ms': Math.round(startMs),
        'p99 ms': '',
      });
      const [first, ofPlatform, deep, deepOfPlatform] = ofMany as [Seen, Seen, Seen, Seen];
      targets.push(
        { what: `${name}: deep page, times the first`, reached: deep.p50 / first.p50, atMost: 1.2 },
        {
          what: `${name}: the same of a platform`,
          reached: deepOfPlatform.p50 / ofPlatform.p50,
          atMost: 1.2,
        },
        ...ofMany.map(({ what, p99 }, at) => ({
          what: `${name}: p99 of ${what}, times that of few`,
          reached: p99 / (ofFew[at]?.p99 ?? NaN),
          atMost: 1.5,
        })),
        { what: `${name}: start to ready`, reached: startMs, atMost: startupMs, unit: ' ms' },
      );
    }
    return { title: 'Lists of tickets, and the start', rows, targets };
  } finally {
    for (const { service } of started) await service.stop();
    await cleanUp();
  }
};
