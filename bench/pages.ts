import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { chromiumArguments, chromiumPath } from '../scripts/chromium.js';
import { inScratchFolder, startService } from '../scripts/running-service.js';
import { Admin } from './client.js';

/**
 * How soon a page shows itself and answers, in the real browser on loopback: `npm run bench:pages`.
 * ROUNDS (5) times each: once by a browser that was never there, and once more by the same one. Medians are printed.
 */

const rounds = Number(process.env['ROUNDS'] || 5);
const tickets = 200;
const admin = { username: 'bench', password: 'plain words make long pass phrases' };

interface Visited {
  readonly what: string;
  readonly path: string;
  readonly isSignedIn: boolean;
  /** One thing that people do there; it is timed by the browser, from the input to the next frame. */
  readonly act: (page: Page) => Promise<void>;
}

const pages = (token: string): readonly Visited[] => [
  {
    what: 'sign-in',
    path: '/sign-in',
    isSignedIn: false,
    act: (page) => page.getByLabel('User name').press('a'),
  },
  {
    what: 'overview',
    path: '/',
    isSignedIn: true,
    act: (page) => page.getByRole('button', { name: 'Dark' }).click(),
  },
  {
    what: `tickets, of ${tickets}`,
    path: '/tickets',
    isSignedIn: true,
    act: (page) => page.getByRole('button', { name: 'New ticket' }).click(),
  },
  {
    what: 'ticket',
    path: '/tickets/BENCH-1',
    isSignedIn: true,
    act: (page) => page.getByRole('button', { name: 'Dark' }).click(),
  },
  {
    what: 'upload, the customer’s',
    path: `/upload#${token}`,
    isSignedIn: false,
    act: (page) => page.getByRole('button', { name: 'Русский' }).click(),
  },
];

/** Milliseconds. */
interface Measured {
  readonly firstPaint: number;
  readonly largestPaint: number;
  readonly interaction: number;
}

// Strings: what runs in the page is no code of this program. `event` entries are those of Event Timing, in steps of 8 ms.
const watching = `
  window.seen = { largest: 0, interaction: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.seen.largest = entry.startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (entry.interactionId) window.seen.interaction = Math.max(window.seen.interaction, entry.duration);
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
`;
const firstPaint = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0`;
/** Two frames later every event of the interaction has been told. */
const framesLater = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))`;

const visit = async (page: Page, url: string, act: Visited['act']): Promise<Measured> => {
  await page.goto(url, { waitUntil: 'networkidle' });
  const paint = await page.evaluate<number>(firstPaint);
  const largestPaint = await page.evaluate<number>('window.seen.largest');
  await act(page);
  await page.evaluate(framesLater);
  // One under the threshold is not told: it took at most so long.
  const interaction = Math.max(16, await page.evaluate<number>('window.seen.interaction'));
  return { firstPaint: paint, largestPaint, interaction };
};

const newContext = async (browser: Browser, url: string, person: Admin | null) => {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 860 },
  });
  await context.addInitScript(watching);
  if (person) {
    const [name = '', value = ''] = person.cookieHeader.replace(/^Cookie: /, '').split('=');
    await context.addCookies([{ name, value, url }]);
  }
  return context;
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

const medians = (what: string, visits: readonly Measured[]) => ({
  what,
  firstPaint: Math.round(median(visits.map((each) => each.firstPaint))),
  largestPaint: Math.round(median(visits.map((each) => each.largestPaint))),
  interaction: Math.round(median(visits.map((each) => each.interaction))),
});
type Result = ReturnType<typeof medians>;

const measure = async (
  browser: Browser,
  url: string,
  person: Admin,
  { what, path, isSignedIn, act }: Visited,
): Promise<readonly Result[]> => {
  const [first, again]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const context: BrowserContext = await newContext(browser, url, isSignedIn ? person : null);
    for (const visits of [first, again]) {
      const page = await context.newPage();
      visits.push(await visit(page, url + path, act));
      await page.close();
    }
    await context.close();
  }
  return [medians(`${what}, first time`, first), medians(`${what}, again`, again)];
};

const heading =
  '| page | first contentful paint, ms | largest, ms | interaction, ms |\n| --- | --- | --- | --- |';

const tableOf = (results: readonly Result[]): string =>
  [heading, ...results.map((result) => `| ${Object.values(result).join(' | ')} |`)].join('\n');

const keep = (results: readonly Result[]): void => {
  const folder = join(process.cwd(), 'bench/results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const machine = { node: process.version, processors: cpus().length };
  const text = JSON.stringify({ at, rounds, ...machine, results }, null, 2);
  writeFileSync(join(folder, `pages-${at.replaceAll(':', '-')}.json`), `${text}\n`);
};

const bench = async (folder: string, executablePath: string): Promise<void> => {
  const service = await startService(folder, {
    ADMIN_USERNAME: admin.username,
    ADMIN_PASSWORD: admin.password,
    API_RATE: '1000000',
  });
  const browser = await chromium.launch({ executablePath, args: [...chromiumArguments] });
  try {
    const person = new Admin(service.url);
    await person.signIn(admin.username, admin.password);
    await person.send('POST', '/platforms', { name: 'bench', title: 'Bench' });
    let value = '';
    for (let count = tickets; count >= 1; count -= 1) {
      const ticket = { platform: 'bench', number: `BENCH-${count}`, note: 'Does not start' };
      const { token } = await person.send<{ token: { value: string } }>('POST', '/tickets', ticket);
      value = token.value;
    }
    const results: Result[] = [];
    for (const page of pages(value))
      results.push(...(await measure(browser, service.url, person, page)));
    console.log(tableOf(results));
    keep(results);
  } finally {
    await browser.close();
    await service.stop();
  }
};

const path = chromiumPath();
if (path === null) process.exitCode = 1;
else
  inScratchFolder('logs-collector-bench-', (folder) => bench(folder, path)).catch(
    (cause: unknown) => {
      console.error(cause);
      process.exitCode = 1;
    },
  );
