import { admin } from '../support/given.js';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import { expect, expectAccessible, signIn, test, withDesk } from './support/story.js';

const firstAdmin = { ADMIN_USERNAME: admin.username, ADMIN_PASSWORD: admin.password };
const kilobyte = Buffer.alloc(1000, 'x');

test('an upload is watched from its first byte to its archive, without a reload', async ({
  page,
  context,
  desk,
}) => {
  await signIn(context, desk, await desk.given.admin());
  await page.goto(desk.url);
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await page.evaluate(() => Object.assign(window, { isStillHere: true }));

  const { number, token } = await desk.given.ticket({ ticket: `board-${process.pid}` });
  const waiting = page.getByRole('region', { name: 'Waiting for a first upload' });
  await expect(waiting.getByText(number)).toBeVisible();

  const uploads = page.getByRole('region', { name: 'Uploads under way' });
  const running = await uploadUnderWay(
    desk.url,
    token,
    { headers: { 'Content-Length': 5000 } },
    kilobyte,
  );
  const row = uploads.getByRole('link', { name: number });
  await expect(row).toContainText('1 kB of 5 kB');
  await expect(row.getByRole('progressbar')).toHaveJSProperty('position', 0.2);
  await expectAccessible(page);
  for (let sent = 2; sent <= 4; sent += 1) {
    await running.write(kilobyte);
    await expect(row).toContainText(`${sent} kB of 5 kB`);
  }
  await expect(row).toContainText(/\/s, .+ left/);
  expect(await running.finish(kilobyte)).toMatchObject({ status: 201 });

  await expect(row).toBeHidden();
  await expect(waiting.getByText(number)).toBeHidden();
  const latest = page.getByRole('region', { name: 'Latest archives' });
  await expect(latest.getByRole('link', { name: number })).toContainText('logs.tgz · 5 kB');
  expect(await page.evaluate(() => 'isStillHere' in window)).toBe(true);
  await latest.getByRole('link', { name: number }).click();
  await expect(page.getByRole('heading', { name: number })).toBeVisible();
});

test('one look tells that all is well, or what is not', async ({ page, context }) => {
  await withDesk(firstAdmin, async (desk) => {
    const { given } = desk;
    await signIn(context, desk, await given.admin());
    await page.goto(desk.url);
    // Nothing to look after yet: what is done first.
    await expect(page.getByText('No tickets yet')).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('main').getByRole('button', { name: 'New ticket' }).first().click();
    await expect(page.getByRole('dialog').getByLabel('Name of the product')).toBeVisible();
    await page.keyboard.press('Escape');

    const failing = await given.ticket({ ticket: 'SUP-1', lifetime: 3600 });
    await expect(page.getByText('All is well')).toBeVisible();
    await expectAccessible(page);
    const soon = page.getByRole('region', { name: 'Tokens that expire soon' });
    await expect(soon.getByRole('link', { name: 'SUP-1' })).toBeVisible();

    const broken = await uploadUnderWay(desk.url, failing.token);
    await expect(page.getByRole('region', { name: 'Uploads under way' })).toContainText('SUP-1');
    broken.breakOff();
    const headline = page.getByRole('region', { name: '1 item needs attention' });
    await expect(headline.getByRole('link', { name: 'SUP-1' })).toContainText('15 bytes');
    const spent = await given.ticket({ ticket: 'SUP-2', attempts: 1 });
    const bad = { name: 'a.zip.sha256', bytes: `${'0'.repeat(64)}  a.zip` };
    await upload(desk.url, spent.token, bad);
    await given.archive({ name: 'a.zip' }, spent.token).catch(() => undefined);
    await expect(page.getByRole('region', { name: '2 items need attention' })).toBeVisible();
    await expectAccessible(page);

    await page.getByRole('region', { name: '2 items' }).getByRole('link').last().click();
    await expect(page.getByRole('heading', { name: /^SUP-/, level: 1 })).toBeVisible();
    await page.goBack();
    const { api } = await given.admin();
    for (const number of ['SUP-1', 'SUP-2'])
      await api.patch(`/tickets/${number}`).send({ resolved: true }).expect(200);
    await expect(page.getByText('All is well')).toBeVisible();
  });
});

test('a session that ends leads to the sign-in page', async ({ page, context, desk }) => {
  const person = await desk.given.engineer(`board-leaves-${process.pid}`);
  await signIn(context, desk, person);
  await page.goto(desk.url);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  // From elsewhere: the page itself does nothing.
  await person.api.post('/auth/logout').expect(204);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('where no stream can be had the service is asked instead, and without it the page says so', async ({
  page,
  context,
  desk,
}) => {
  const { number } = await desk.given.ticket({ ticket: `asked-${process.pid}` });
  await signIn(context, desk, await desk.given.admin());
  await page.route('**/api/v1/overview/events', (route) => route.fulfill({ status: 429 }));
  await page.goto(desk.url);
  await expect(page.getByText(/As of \d/)).toBeVisible();
  await expect(page.getByText(number)).toBeVisible();
  await page.route('**/api/v1/overview', (route) => route.abort());
  await page.reload();
  await expect(page.getByText('The service cannot be reached')).toBeVisible();
  await expectAccessible(page);
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText(number)).toBeVisible();
});

test('a tab that nobody sees keeps no connection, and is true again when it is seen', async ({
  page,
  context,
  desk,
}) => {
  await signIn(context, desk, await desk.given.admin());
  const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
  await page.goto(desk.url);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const hide = (isHidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  await hide(true);
  await ended;
  const { number } = await desk.given.ticket({ ticket: `unseen-${process.pid}` });
  await hide(false);
  await expect(page.getByText(number)).toBeVisible();
});

test('it stands on a phone, in Russian', async ({ page, context, desk }) => {
  const { number } = await desk.given.ticket({ ticket: `pocket-${process.pid}` });
  await signIn(context, desk, await desk.given.admin());
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(desk.url);
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Обзор' })).toBeVisible();
  await expect(page.getByText(number)).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await expectAccessible(page);
});
