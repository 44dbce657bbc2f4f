import { expect, expectAccessible, signIn, test } from './support/story.js';

test.beforeEach(async ({ context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
});

test('the list is searched as one types, and the search stands in the address', async ({
  page,
  desk,
}) => {
  const mark = `seek-${process.pid}`;
  await desk.given.ticket({ ticket: `${mark}-1`, note: 'Restore fails <b>after</b> the update' });
  await desk.given.ticket({ ticket: `${mark}-2`, note: 'Nightly job hangs' });
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText(`${mark}-2`)).toBeVisible();
  await expectAccessible(page);
  // A note is text, whatever it holds.
  await expect(page.getByText('<b>after</b>')).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type(`${mark} `);
  await page.keyboard.press('Backspace');
  await page.getByRole('searchbox').fill('restore FAILS');
  await expect(page.getByText(`${mark}-2`)).toBeHidden();
  await expect(page.getByText(`${mark}-1`)).toBeVisible();
  await expect(page).toHaveURL(/\?q=restore\+FAILS$/);
  await page.reload();
  await expect(page.getByRole('searchbox')).toHaveValue('restore FAILS');
  await expect(page.getByText(`${mark}-1`)).toBeVisible();
  await page.getByRole('searchbox').fill('nothing like that');
  await expect(page.getByText('Nothing found')).toBeVisible();
  await expectAccessible(page);
});

test('the list is filtered by platform and state', async ({ page, desk }) => {
  const { given } = desk;
  const platform = await given.platform({ title: `Filtered ${process.pid}` });
  const mark = `filter-${process.pid}`;
  await given.ticket({ ticket: `${mark}-here`, platform });
  await given.ticket({ ticket: `${mark}-done`, platform });
  await given.ticket({ ticket: `${mark}-elsewhere` });
  const { api } = await given.admin();
  await api.patch(`/tickets/${mark}-done`).send({ resolved: true }).expect(200);
  await page.goto(`${desk.url}/tickets`);
  await page.getByLabel('Platform').selectOption({ label: `Filtered ${process.pid}` });
  await expect(page.getByText(`${mark}-elsewhere`)).toBeHidden();
  await expect(page.getByText(`${mark}-here`)).toBeVisible();
  await page.getByLabel('State').selectOption('Resolved');
  await expect(page.getByText(`${mark}-here`)).toBeHidden();
  await expect(page.getByText(`${mark}-done`)).toBeVisible();
});

test('a long list comes page by page, and asks for nothing twice', async ({ page, desk }) => {
  const { given } = desk;
  const platform = await given.platform();
  for (let index = 0; index < 120; index += 1)
    await given.ticket({ ticket: `long-${process.pid}-${index}`, platform });
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/v1/tickets?')) asked.push(request.url());
  });
  await page.goto(`${desk.url}/tickets?platform=${platform}`);
  await expect(page.getByText(`long-${process.pid}-119`)).toBeVisible();
  await expect(async () => {
    await page.keyboard.press('End');
    await expect(page.getByText(`long-${process.pid}-0`, { exact: true })).toBeAttached({
      timeout: 500,
    });
  }).toPass();
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(120);
  await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
  expect(asked).toHaveLength(3);
  expect(new Set(asked).size).toBe(3);
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
  await dialog.getByLabel('Number').fill(`made-${process.pid}`);
  await dialog.getByLabel('Attempts').fill('2');
  await dialog.getByLabel('Lifetime').selectOption('3 days');
  await dialog.getByLabel('Number').press('Enter');
  const answer = dialog.getByLabel('Text of the answer');
  await expect(answer).toHaveValue(new RegExp(`ticket made-${process.pid}`));
  await expect(answer).toHaveValue(/The link takes 2 files/);
  await dialog.getByRole('button', { name: 'Русский' }).click();
  await expect(answer).toHaveValue(/По ссылке можно отправить 2 файла до/);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Copy: Link' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/\/upload#lct_/);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByText(`made-${process.pid}`)).toBeVisible();
});

test('without a network the list says so, and goes on by itself', async ({
  page,
  context,
  desk,
}) => {
  const { number } = await desk.given.ticket({ ticket: `offline-${process.pid}` });
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText(number)).toBeVisible();
  await context.setOffline(true);
  await page.getByLabel('State').selectOption('Open');
  await expect(page.getByText('The service cannot be reached')).toBeVisible();
  await expectAccessible(page);
  await context.setOffline(false);
  await expect(page.getByText(number)).toBeVisible();
});
