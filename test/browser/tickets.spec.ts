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
  await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
  expect(asked).toHaveLength(3);
  expect(new Set(asked).size).toBe(3);
});

test('a ticket is found by the filename of an archive, and says so', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `file-${process.pid}` });
  await desk.given.archive({ name: `Журнал <i>${process.pid}.7z`, way: 'put' }, token);
  await page.goto(`${desk.url}/tickets`);
  const search = page.getByRole('searchbox');
  await search.fill(`журнал <I>${process.pid}`);
  await expect(page.getByText(`Found in Журнал <i>${process.pid}.7z`)).toBeVisible();
  await expect(page.getByText('1 ticket found')).toBeAttached();
  await expectAccessible(page);
  // A space at the end is not taken away from whoever goes on typing.
  await search.fill('');
  await search.pressSequentially(`file-${process.pid} `);
  await expect(page).toHaveURL(new RegExp(`q=file-${process.pid}$`));
  await expect(search).toHaveValue(`file-${process.pid} `);
  await expect(page.getByText(number)).toBeVisible();
  await expect(page.getByText('Found in')).toHaveCount(0);
});

test('an answer that comes late does not replace a newer one', async ({ page, desk }) => {
  const mark = `late-${process.pid}`;
  await desk.given.ticket({ ticket: `${mark}-a` });
  await desk.given.ticket({ ticket: `${mark}-b` });
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText(`${mark}-b`)).toBeVisible();
  let release = (): void => undefined;
  await page.route(`**/api/v1/tickets?q=${mark}-a&*`, async (route) => {
    await new Promise<void>((resolve) => (release = resolve));
    // Nobody waits for it any more.
    await route.continue().catch(() => undefined);
  });
  const search = page.getByRole('searchbox');
  const asked = page.waitForRequest(`**/api/v1/tickets?q=${mark}-a&*`);
  await search.fill(`${mark}-a`);
  await asked;
  await search.fill(`${mark}-b`);
  await expect(page.getByText(`${mark}-a`)).toHaveCount(0);
  release();
  await page.unrouteAll({ behavior: 'wait' });
  await expect(page.getByText(`${mark}-b`)).toBeVisible();
  await expect(page.getByText(`${mark}-a`)).toHaveCount(0);
});

test('age and archives are filters too, kept over reload and back', async ({ page, desk }) => {
  const { given } = desk;
  const platform = await given.platform();
  const has = await given.ticket({ ticket: `has-${process.pid}`, platform });
  await given.archive({}, has.token);
  const waits = await given.ticket({ ticket: `waits-${process.pid}`, platform });
  const rows = page.locator('[data-row]');
  await page.goto(`${desk.url}/tickets?platform=${platform}`);
  await expect(rows).toHaveCount(2);
  await page.getByLabel('Age', { exact: true }).selectOption('Created today');
  await page.getByLabel('Archives').selectOption('Without archives');
  await expect(rows).toHaveCount(1);
  await expect(page).toHaveURL(new RegExp(`\\?platform=${platform}&age=today&archives=none$`));
  await page.reload();
  await expect(rows).toHaveCount(1);
  await expect(page.getByLabel('Age', { exact: true })).toHaveValue('today');
  await expect(page.getByLabel('Platform')).toHaveValue(platform);
  await expect(page.getByLabel('Archives')).toHaveValue('none');
  await rows.click();
  await expect(page.getByRole('heading', { name: waits.number })).toBeVisible();
  await page.goBack();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toBeFocused();
  await page.getByLabel('Age', { exact: true }).selectOption('Older than 30 days');
  await expect(page.getByText('No ticket fits these filters.')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Clear the filters' }).last().click();
  await expect(page).toHaveURL(`${desk.url}/tickets`);
  await expect(page.getByLabel('Platform')).toHaveValue('');
  await expect(page.getByText(has.number)).toBeVisible();
});

test('whoever comes back from a ticket finds the list where it was, and as it is now', async ({
  page,
  desk,
}) => {
  const { given } = desk;
  const platform = await given.platform();
  for (let index = 0; index < 70; index += 1)
    await given.ticket({ ticket: `back-${process.pid}-${100 + index}`, platform });
  await page.goto(`${desk.url}/tickets?platform=${platform}`);
  const row = page.locator('[data-row]').filter({ hasText: `back-${process.pid}-105` });
  await expect(async () => {
    await page.keyboard.press('End');
    await expect(row).toBeAttached({ timeout: 500 });
  }).toPass();
  await row.scrollIntoViewIfNeeded();
  const top = await page.evaluate(() => window.scrollY);
  expect(top).toBeGreaterThan(1_000);
  await row.click();
  await page.getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByText('Resolved', { exact: true })).toBeVisible();
  await page.goBack();
  await expect(row).toBeFocused();
  await expect(row).toContainText('Resolved');
  expect(await page.evaluate(() => window.scrollY)).toBe(top);
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
