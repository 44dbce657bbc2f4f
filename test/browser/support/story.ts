import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from '@playwright/test';
import type { BrowserContext, Page } from '@playwright/test';
import axe from 'axe-core';
import type * as running from '../../../scripts/running-service.js';
import { Given, admin } from '../../support/given.js';
import type { Person } from '../../support/given.js';

// The built one: it starts the program that stands beside it.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { startService } = require('../../../dist/scripts/running-service.js') as typeof running;

// What the other tests share says `expect` as Jest gives it: a global.
Object.assign(globalThis, { expect });

export interface Desk {
  readonly url: string;
  readonly setupToken: string | null;
  readonly given: Given;
}

/** Limits out of the way: stories sign in more often than people do. */
const relaxed = { LOGIN_RATE: '100000', API_RATE: '1000000', MIN_FREE_BYTES: '0' };

/**
 * The built program in a process and a folder of its own, while `work` lasts.
 * @param fill is given the path of the database while no service runs, for what HTTP would take too long to make
 */
export const withDesk = async (
  env: Readonly<Record<string, string>>,
  work: (desk: Desk) => Promise<void>,
  fill?: (database: string) => void,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-collector-browser-'));
  if (fill) {
    await (await startService(folder, { ...relaxed, ...env })).stop();
    fill(join(folder, 'data/logs-collector.sqlite'));
  }
  const service = await startService(folder, { ...relaxed, ...env });
  try {
    await work({ ...service, given: new Given(service.url) });
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
};

export const firstAdmin = { ADMIN_USERNAME: admin.username, ADMIN_PASSWORD: admin.password };

/** What a browser says by itself of an answer outside 2xx, or of none; the stories look at what the page makes of it. */
const isRefusal = (text: string, url: string): boolean =>
  // Asked for by the browser itself where it shows a bare answer of the API.
  /^(\/team\/logs)?\/(api\/|favicon\.ico$)/.test(new URL(url).pathname) &&
  /^Failed to load resource: (the server responded with a status of (4\d\d|503|507)|net::ERR_(FAILED|INTERNET_DISCONNECTED|CONNECTION_(RESET|CLOSED)|EMPTY_RESPONSE))/.test(
    text,
  );

/** Collects whatever a page complains of: CSP violations, errors in the console, uncaught exceptions. */
const watch = async (context: BrowserContext): Promise<string[]> => {
  const complaints: string[] = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      // The console is how a page tells the test.
      // eslint-disable-next-line no-console
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  await context.addInitScript({ content: axe.source });
  context.on('console', (message) => {
    if (message.type() === 'error' && !isRefusal(message.text(), message.location().url))
      complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error().stack)));
  return complaints;
};

/** Signs a browser in by a person's session, past the pages that other stories are about. */
export const signIn = async (
  context: BrowserContext,
  desk: Desk,
  person: Person,
): Promise<void> => {
  const cookie = person.api.jar.getCookie('lc_session', {
    domain: '127.0.0.1',
    path: '/',
    secure: true,
    script: false,
  });
  if (cookie === undefined) throw new Error('this person has no session');
  await context.addCookies([{ name: 'lc_session', value: cookie.value, url: desk.url }]);
};

const settled = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const finite = document
      .getAnimations()
      .filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    // One that is paused never ends.
    const tooLong = new Promise((resolve) => setTimeout(resolve, 700));
    await Promise.race([Promise.allSettled(finite.map(({ finished }) => finished)), tooLong]);
  });

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** axe-core finds nothing on the page as it is now, in either theme. */
export const expectAccessible = async (page: Page): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    const findings = await page.evaluate(async (values) => {
      const { axe: checker } = window as unknown as { axe: typeof axe };
      const { violations } = await checker.run({ runOnly: { type: 'tag', values } });
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${String(target)}: ${failureSummary}`),
      );
    }, rules);
    expect(findings, `axe-core, ${colorScheme}, ${page.url()}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
};

/** A story: the desk is shared by a worker's stories; whatever a page complains of fails it. */
export const test = base.extend<{ readonly complaints: string[] }, { readonly desk: Desk }>({
  desk: [
    // Playwright reads from the pattern what a fixture needs.
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await withDesk(firstAdmin, use);
    },
    { scope: 'worker' },
  ],
  complaints: [
    async ({ context }, use) => {
      const complaints = await watch(context);
      await use(complaints);
      expect(complaints, 'what the pages complained of').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
