import type { Locator } from '@playwright/test';
import { expect, expectAccessible, signIn, test } from './support/story.js';

test.beforeEach(async ({ context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
});

test('the list is gone through by the keyboard, which types where one types', async ({
  page,
  desk,
}) => {
  const mark = `keys-${process.pid}`;
  for (const index of [1, 2, 3]) await desk.given.ticket({ ticket: `${mark}-${index}` });
  await page.goto(`${desk.url}/tickets`);
  const row = (index: number) => page.locator('[data-row]').filter({ hasText: `${mark}-${index}` });
  const search = page.getByRole('searchbox');
  await expect(row(3)).toBeVisible();
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await page.keyboard.type('jkn?/');
  await expect(search).toHaveValue('jkn?/');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await search.fill(mark);
  await expect(page.locator('[data-row]')).toHaveCount(3);
  await page.keyboard.press('ArrowDown');
  await expect(row(3)).toBeFocused();
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  await expect(row(1)).toBeFocused();
  await page.keyboard.press('j');
  await expect(row(1)).toBeFocused();
  await page.keyboard.press('k');
  await expect(row(2)).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: `${mark}-2` })).toBeVisible();
  await page.goBack();
  await expect(row(2)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(row(3)).toBeFocused();
});

test('the help names the keys, and switches the single ones off', async ({ page, desk }) => {
  await page.goto(`${desk.url}/tickets`);
  const dialog = page.getByRole('dialog');
  const make = page.getByRole('button', { name: 'New ticket' }).first();
  await expect(make).toHaveAttribute('aria-keyshortcuts', 'n');
  // As a Russian keyboard sends the key that has the question mark.
  await page.evaluate(() =>
    document.body.dispatchEvent(
      new KeyboardEvent('keydown', { key: ',', code: 'Slash', shiftKey: true, bubbles: true }),
    ),
  );
  await expect(dialog).toContainText('Keyboard shortcuts');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await page.keyboard.press('?');
  await expect(dialog).toContainText('Next ticket');
  await expectAccessible(page);
  await page.keyboard.press('n');
  await expect(dialog).toContainText('Keyboard shortcuts');
  await dialog.getByRole('checkbox').uncheck();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(make).not.toHaveAttribute('aria-keyshortcuts');
  for (const key of ['n', '?', '/']) await page.keyboard.press(key);
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('searchbox')).not.toBeFocused();
  await page.reload();
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
  await dialog.getByRole('checkbox').check();
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await expect(dialog).toContainText('New ticket');
});

test('a ticket is made by the keyboard alone, and ends with the answer in both languages', async ({
  page,
  desk,
}) => {
  await desk.given.platform({ title: 'Keyboard Server' });
  const { number: taken } = await desk.given.ticket({ ticket: `taken-${process.pid}` });
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText(taken)).toBeVisible();
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Number')).toBeFocused();
  await page.keyboard.type(taken);
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('There is a ticket with this number');
  await expectAccessible(page);
  const tabTo = async (goal: Locator): Promise<void> => {
    await expect(async () => {
      await page.keyboard.press('Tab');
      await expect(goal).toBeFocused({ timeout: 100 });
    }).toPass({ intervals: [0] });
  };
  const number = dialog.getByLabel('Number');
  await tabTo(number);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(`made-${process.pid}`);
  await tabTo(dialog.getByLabel('Attempts'));
  await page.keyboard.type('2');
  await tabTo(dialog.getByLabel('Lifetime'));
  await page.keyboard.type('3 d');
  await tabTo(dialog.getByRole('button', { name: 'Create ticket' }));
  await page.keyboard.press('Enter');
  const answer = dialog.getByLabel('Text of the answer');
  await expect(answer).toHaveValue(new RegExp(`ticket made-${process.pid}`));
  await expect(answer).toHaveValue(/The link takes 2 files/);
  // What is done next is where the focus is: one key copies the answer.
  await expect(dialog.getByRole('button', { name: 'Copy the answer' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('Copied').first()).toBeVisible();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  expect(await copied()).toBe(await answer.inputValue());
  await tabTo(dialog.getByRole('button', { name: 'Русский' }));
  await page.keyboard.press('Enter');
  await expect(answer).toHaveValue(/По ссылке можно отправить 2 файла до/);
  await expectAccessible(page);
  for (const [way, line] of [
    ['Link', /\/upload#lct_[\w-]+$/],
    ['curl', /^curl -F file=@/],
    ['Script', /sh upload\.sh logs\.tgz$/],
  ] as const) {
    await tabTo(dialog.getByRole('button', { name: `Copy: ${way}` }));
    await page.keyboard.press('Enter');
    await expect.poll(copied).toMatch(line);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByText(`made-${process.pid}`)).toBeVisible();
});
