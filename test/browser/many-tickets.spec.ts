import type { Page } from '@playwright/test';
import { fillWithTickets, howMany, numberOf } from './support/many-tickets.js';
import { expect, expectAccessible, firstAdmin, signIn, test, withDesk } from './support/story.js';

test.setTimeout(180_000);

const rows = (page: Page) => page.locator('[data-row]');
const row = (page: Page, index: number) => rows(page).filter({ hasText: numberOf(index) });

/** What the document may hold of a list, however long it is: a few windows full. */
const mostRows = 400;

test('a hundred thousand tickets are paged, searched and filtered, and the document stays small', async ({
  page,
  context,
}) => {
  await withDesk(
    firstAdmin,
    async (desk) => {
      await signIn(context, desk, await desk.given.admin());
      const newest = howMany - 1;
      let answers = 0;
      page.on('response', (response) => {
        if (response.url().includes('/api/v1/tickets?')) answers += 1;
      });

      await test.step('paged by scrolling, with few rows in the document', async () => {
        await page.goto(`${desk.url}/tickets`);
        await expect(row(page, newest)).toBeVisible();
        const elements = () => page.evaluate(() => document.querySelectorAll('*').length);
        const before = await elements();
        await expect(async () => {
          await page.keyboard.press('End');
          expect(answers).toBeGreaterThan(20);
        }).toPass({ intervals: [50] });
        expect(await rows(page).count()).toBeLessThan(mostRows);
        expect(await elements()).toBeLessThan(6 * before);
        await expect(row(page, newest)).toHaveCount(0);
      });

      await test.step('what is far away keeps its room, and comes back where it was', async () => {
        await expect(page.getByRole('button', { name: 'Show more' })).toBeEnabled();
        const asked = answers;
        await page.evaluate(() => window.scrollTo(0, 0));
        await expect(row(page, newest)).toBeVisible();
        await expect(async () => expect(await rows(page).count()).toBeLessThan(mostRows)).toPass();
        const place = await row(page, newest).boundingBox();
        await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 2));
        await expect(row(page, newest)).toHaveCount(0);
        await expect(rows(page).first()).toBeAttached();
        await page.evaluate(() => window.scrollTo(0, 0));
        await expect(row(page, newest)).toBeVisible();
        expect(await row(page, newest).boundingBox()).toEqual(place);
        expect(answers).toBe(asked);
      });

      await test.step('gone through by the keyboard, over the border of a page', async () => {
        for (let step = 0; step < 60; step += 1) await page.keyboard.press('j');
        await expect(row(page, newest - 59)).toBeFocused();
        await expect(row(page, newest - 59)).toBeInViewport();
        for (let step = 0; step < 59; step += 1) await page.keyboard.press('ArrowUp');
        await expect(row(page, newest)).toBeFocused();
      });

      await test.step('searched by number, note and filename, to the oldest', async () => {
        const search = page.getByRole('searchbox');
        await search.fill('many-000007');
        await expect(rows(page)).toHaveCount(1);
        await expect(row(page, 7)).toBeVisible();
        await search.fill('DIAGNOSTICS-of-100.');
        await expect(row(page, 100)).toContainText('Found in Diagnostics-of-100.TGZ');
        await expect(rows(page)).toHaveCount(1);
        await search.fill('КОПИРОВАНИЕ останавливается');
        await expect(row(page, howMany - 2)).toBeVisible();
        await expect(rows(page).first()).toContainText('третьем томе');
        await search.fill('no ticket says this');
        await expect(page.getByText('Nothing found')).toBeVisible();
      });

      await test.step('filtered by all at once', async () => {
        await page.getByRole('button', { name: 'Clear the filters' }).first().click();
        await expect(row(page, newest)).toBeVisible();
        await page.getByLabel('Age', { exact: true }).selectOption('Older than 30 days');
        await page.getByLabel('State').selectOption('Resolved');
        await page.getByLabel('Archives').selectOption('With archives');
        await page.getByLabel('Platform').selectOption('Product many-one');
        await expect(row(page, newest)).toHaveCount(0);
        await expect(rows(page).first()).toContainText('12.3 MB');
        await expect(page).toHaveURL(/\?age=older&state=resolved&archives=some&platform=many-one$/);
        const [first = ''] = await rows(page).first().locator('.font-semibold').allInnerTexts();
        const index = Number(first.slice('MANY-'.length));
        const days = ((howMany - index) * 3) / (60 * 24);
        expect(days).toBeGreaterThan(30);
        // The next that all of it fits is three hundred tickets, fifteen hours, later.
        expect(days).toBeLessThan(31);
        expect([index % 2, index % 3, index % 100]).toEqual([0, 0, 0]);
        await expectAccessible(page);
      });
    },
    fillWithTickets,
  );
});
