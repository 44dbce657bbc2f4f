import { randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, test } from './support/story.js';
import { choose, onDisk, picked, receipt, sha256, under } from './support/upload-page.js';

/** What becomes of requests that create an upload. */
interface Creations {
  /** `unheard`: the service does what is asked, and its answer stays away. `dead`: nothing passes. */
  mode: 'unheard' | 'dead' | 'pass';
  /** Uploads that were begun unheard. */
  begun: number;
  dead: number;
}

const creations = async (page: Page): Promise<Creations> => {
  const seen: Creations = { mode: 'pass', begun: 0, dead: 0 };
  await page.route('**/api/v1/uploads', async (route) => {
    if (seen.mode === 'pass') return route.continue();
    if (seen.mode === 'unheard') {
      await route.fetch();
      seen.begun += 1;
      return;
    }
    seen.dead += 1;
    return route.abort();
  });
  return seen;
};

test('cancelled while its creation is under way, a file gives its attempt back', async ({
  page,
  desk,
}) => {
  const { token } = await desk.given.ticket({ ticket: `unheard-${process.pid}`, attempts: 1 });
  await page.goto(`${desk.url}/upload#${token.value}`);
  await expect(page.getByText('1 more file,')).toBeVisible();
  const created = await creations(page);
  created.mode = 'unheard';
  await choose(page).setInputFiles(picked('regretted.tgz', randomBytes(2_000_000)));
  await expect.poll(() => created.begun).toBe(1);
  created.mode = 'pass';
  const ended = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page.getByRole('button', { name: 'Cancel regretted.tgz' }).click();
  await expect(under(page)).toHaveCount(0);
  expect((await ended).status()).toBe(204);
  await expect(page.getByText('1 more file,')).toBeVisible();

  // The one attempt serves another file.
  const bytes = randomBytes(1000);
  await choose(page).setInputFiles(picked('meant.tgz', bytes));
  await expect(receipt(page)).toContainText(sha256(bytes));
  await expect(page.getByText('All files that this link allows have been sent.')).toBeVisible();
});

test('cancelled on a dead line, it is ended when the line is back, or goes on when it is chosen again', async ({
  page,
  desk,
}) => {
  const { token } = await desk.given.ticket({ ticket: `regret-${process.pid}`, attempts: 1 });
  await page.goto(`${desk.url}/upload#${token.value}`);
  await expect(page.getByText('1 more file,')).toBeVisible();
  const bytes = randomBytes(500_000);
  const created = await creations(page);
  created.mode = 'unheard';
  await onDisk('back.tgz', bytes, async (path) => {
    await choose(page).setInputFiles(path);
    await expect.poll(() => created.begun).toBe(1);
    created.mode = 'dead';
    await page.getByRole('button', { name: 'Cancel back.tgz' }).click();
    await expect.poll(() => created.dead).toBeGreaterThan(0);
    created.mode = 'pass';
    // The very same file: what was begun for it is not ended, but gone on with.
    await choose(page).setInputFiles(path);
    await expect(receipt(page)).toContainText(sha256(bytes));
  });
  await expect(receipt(page).getByRole('listitem')).toHaveCount(1);
});
