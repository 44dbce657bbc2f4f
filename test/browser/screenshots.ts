import { admin } from '../support/given.js';
import { administered, troubled, workedAt } from './support/desk-data.js';
import { leaveJobs } from './support/jobs.js';
import { desktop, phone, shoot } from './support/shoot.js';
import { expect, firstAdmin, signIn, test, withDesk } from './support/story.js';

// `npm run screenshots`: a picture of every page in both themes, to be looked at. It holds nothing by itself.

test('entrance', async ({ page }) => {
  await withDesk({}, async ({ url, setupToken, given }) => {
    await page.goto(`${url}/setup#${setupToken}`);
    await expect(page.getByRole('button')).toHaveCount(6);
    await shoot(page, 'setup');
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('No camera?').click();
    await shoot(page, 'enrolment');
    await page.setViewportSize(phone);
    await shoot(page, 'enrolment-phone');
    await page.setViewportSize(desktop);
    const { account } = await given.enrolled('ann', admin.password);
    await page.context().clearCookies();
    await page.goto(`${url}/sign-in`);
    await shoot(page, 'sign-in');
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill('not the one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await shoot(page, 'sign-in-failed');
    await page.getByLabel('Password').fill(account.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('Use a recovery code')).toBeVisible();
    await shoot(page, 'second-factor');
    await page.goto(`${url}/upload#lct_V1StGXR8Z5jdHi6BmyT0cQ9wL2xKpN4a`);
    await expect(page.getByRole('alert')).toBeVisible();
    await shoot(page, 'upload-unknown-token');
    await page.goto(`${url}/no-such-page`);
    await shoot(page, 'missing');
  });
});

test('recovery codes', async ({ page }) => {
  await withDesk({}, async ({ url, setupToken }) => {
    await page.goto(`${url}/setup#${setupToken}`);
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('No camera?').click();
    const secret = (await page.locator('code').innerText()).replaceAll(' ', '');
    const { generateSync } = await import('otplib');
    await page.getByLabel('Then type the six digits').fill(generateSync({ secret }));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByRole('heading', { name: 'Recovery codes' })).toBeVisible();
    await shoot(page, 'recovery-codes');
    await page.getByLabel('I have kept these codes').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByText('No tickets yet')).toBeVisible();
    await page.getByRole('link', { name: 'Tickets' }).click();
    await expect(page.getByRole('heading', { name: 'Tickets', exact: true })).toBeVisible();
    await shoot(page, 'tickets-empty');
    await page.keyboard.press('n');
    await page.getByRole('dialog').getByLabel('Name of the product').fill('Backup Server');
    await shoot(page, 'first-platform', false);
  });
});

test('desk', async ({ page, context, desk }) => {
  test.setTimeout(120_000);
  await workedAt(desk);
  await signIn(context, desk, await desk.given.admin());
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText('SUP-48201')).toBeVisible();
  await shoot(page, 'tickets');
  await page.setViewportSize(phone);
  await shoot(page, 'tickets-phone');
  await page.getByRole('button', { name: 'Open the menu' }).click();
  await shoot(page, 'menu-phone', false);
  await page.setViewportSize(desktop);
  await page.goto(`${desk.url}/tickets?q=bundle&state=open&age=week`);
  await expect(page.getByText('Found in').first()).toBeVisible();
  await page.keyboard.press('j');
  await shoot(page, 'tickets-found');
  await page.setViewportSize(phone);
  await shoot(page, 'tickets-found-phone');
  await page.setViewportSize(desktop);
  await page.keyboard.press('?');
  await shoot(page, 'tickets-keys', false);
  await page.keyboard.press('Escape');
  await page.goto(`${desk.url}/tickets?q=nothing-like-that`);
  await shoot(page, 'tickets-none-found');
  await troubled(desk, 'SUP-48222');
  await page.goto(`${desk.url}/tickets/SUP-48222`);
  await expect(page.getByText('agent-logs.zip')).toBeVisible();
  await shoot(page, 'ticket');
  for (const attempts of await page.locator('summary').filter({ hasText: 'Attempts' }).all())
    await attempts.click();
  await expect(page.getByText('Broken off after')).toBeVisible();
  await shoot(page, 'ticket-attempts');
  await page.setViewportSize(phone);
  await shoot(page, 'ticket-attempts-phone');
  await page.setViewportSize(desktop);
  await page.reload();
  await expect(page.getByText('agent-logs.zip')).toBeVisible();
  await page.setViewportSize(phone);
  await shoot(page, 'ticket-phone');
  await page.setViewportSize(desktop);
  await page.getByRole('button', { name: 'Delete', exact: true }).first().click();
  await shoot(page, 'ticket-delete', false);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Extend' }).first().click();
  await shoot(page, 'token-extend', false);
  await page.keyboard.press('Escape');
  await page.goto(`${desk.url}/tickets`);
  await page.getByRole('button', { name: 'New ticket' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Number').fill('SUP-50000');
  await dialog.getByLabel('Note').fill('Restore fails after the update');
  await shoot(page, 'new-ticket', false);
  await dialog.getByRole('button', { name: 'Create ticket' }).click();
  await expect(dialog.getByText('Copy the answer')).toBeVisible();
  await shoot(page, 'answer', false);
  await page.setViewportSize(phone);
  await shoot(page, 'answer-phone', false);
  await page.setViewportSize(desktop);
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  await page.goto(`${desk.url}/tickets/SUP-48222`);
  await expect(page.getByText('agent-logs.zip')).toBeVisible();
  await shoot(page, 'ticket-ru');
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText('SUP-48201')).toBeVisible();
  await shoot(page, 'tickets-ru');
  await page.route('**/api/v1/tickets*', (route) => route.abort());
  await page.reload();
  await shoot(page, 'tickets-offline');
});

test('account', async ({ page, context, desk }) => {
  const person = await desk.given.engineer('ann');
  const { username, password, recoveryCodes } = person.account;
  const phoneOfAnn = desk.given
    .stranger()
    .set('User-Agent', 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1) Version/26.1 Mobile Safari/604.1');
  await phoneOfAnn.post('/auth/login').send({ username, password }).expect(200);
  await phoneOfAnn.post('/auth/recovery').send({ code: recoveryCodes.pop() }).expect(200);
  await page.goto(`${desk.url}/sign-in`);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code').fill(recoveryCodes.pop() ?? '');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('link', { name: 'ann' }).click();
  await expect(page.getByText('This one')).toBeVisible();
  await shoot(page, 'account');
  await page.setViewportSize(phone);
  await shoot(page, 'account-phone');
  await page.setViewportSize(desktop);
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  await page.reload();
  await expect(page.getByText('Этот сеанс')).toBeVisible();
  await shoot(page, 'account-ru');
  await page.goto(`${desk.url}/account/second-factor`);
  await shoot(page, 'second-factor-anew-ru');
  await context.clearCookies();
});

test('audit', async ({ page, context, desk }) => {
  const { token } = await desk.given.ticket({ ticket: 'SUP-50123', note: 'Restore fails' });
  await desk.given.archive({ name: 'diagnostics-2026-11-20.tgz', way: 'put' }, token);
  const stranger = desk.given.stranger();
  await stranger.post('/auth/login').send({ username: 'root', password: 'no' }).expect(401);
  const key = await desk.given.apiKey(['tickets:write'], { name: 'help desk' });
  const platform = await desk.given.platform();
  await key.api.post('/tickets').send({ platform, number: 'SUP-50124' }).expect(201);
  await signIn(context, desk, await desk.given.admin());
  await page.goto(`${desk.url}/audit`);
  await expect(page.getByText('Archive received').last()).toBeVisible();
  await shoot(page, 'audit');
  await page.getByText('Archive received').last().click();
  await shoot(page, 'audit-open', false);
  await page.setViewportSize(phone);
  await shoot(page, 'audit-phone', false);
  await page.setViewportSize(desktop);
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  await page.goto(`${desk.url}/audit`);
  await expect(page.getByText('Архив принят').last()).toBeVisible();
  await page.route('**/api/v1/audit-events?limit=200*', () => undefined);
  await page.getByRole('button', { name: 'Выгрузить в CSV' }).click();
  await shoot(page, 'audit-export-ru', false);
});

test('jobs', async ({ page, context }) => {
  await withDesk(
    firstAdmin,
    async (desk) => {
      await signIn(context, desk, await desk.given.admin());
      await page.goto(`${desk.url}/jobs`);
      await expect(page.getByText('Not tried yet')).toBeVisible();
      await shoot(page, 'jobs');
      await page.setViewportSize(phone);
      await shoot(page, 'jobs-phone');
      await page.setViewportSize(desktop);
      await page.evaluate(() => localStorage.setItem('language', 'ru'));
      await page.goto(`${desk.url}/jobs?state=dead`);
      await expect(page.getByText('8 попыток').first()).toBeVisible();
      await shoot(page, 'jobs-ru', false);
    },
    leaveJobs,
  );
  await withDesk(firstAdmin, async (desk) => {
    await context.clearCookies();
    await signIn(context, desk, await desk.given.admin());
    await page.goto(`${desk.url}/jobs`);
    await expect(page.getByText('No jobs')).toBeVisible();
    await shoot(page, 'jobs-empty', false);
  });
});

test('administration', async ({ page, context }) => {
  await withDesk(firstAdmin, async (desk) => {
    await signIn(context, desk, await desk.given.admin());
    const dialog = page.getByRole('dialog');
    await page.goto(`${desk.url}/platforms`);
    await expect(page.getByText('No platforms yet')).toBeVisible();
    await shoot(page, 'platforms-empty');
    await page.goto(`${desk.url}/api-keys`);
    await expect(page.getByText('No API keys')).toBeVisible();
    await shoot(page, 'api-keys-empty');
    await administered(desk);
    await page.goto(`${desk.url}/platforms`);
    await expect(page.getByText('Cloud Gateway')).toBeVisible();
    await shoot(page, 'platforms');
    await page.getByRole('button', { name: 'Edit Backup Server' }).click();
    await shoot(page, 'platform-edit', false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New platform' }).click();
    await dialog.getByLabel('Name of the product').fill('Журнал почты');
    await shoot(page, 'platform-new', false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Delete Backup Server' }).click();
    await shoot(page, 'platform-delete', false);
    await dialog.getByRole('button', { name: 'Delete the platform' }).click();
    await expect(dialog.getByText('It has tickets')).toBeVisible();
    await shoot(page, 'platform-cascade', false);
    await page.goto(`${desk.url}/users`);
    await expect(page.getByText('maria')).toBeVisible();
    await shoot(page, 'users');
    await page.getByRole('button', { name: 'Edit root' }).click();
    await dialog.getByRole('radio', { name: 'Engineer' }).check();
    await shoot(page, 'user-edit-own', false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Reset the second factor of maria' }).click();
    await shoot(page, 'user-reset', false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New user' }).click();
    await dialog.getByLabel('User name').fill('ann');
    await shoot(page, 'user-new', false);
    await dialog.getByRole('button', { name: 'Create account' }).click();
    await expect(dialog.getByText('What to send')).toBeAttached();
    await shoot(page, 'user-handover', false);
    await page.goto(`${desk.url}/api-keys`);
    await expect(page.getByText('nightly clean-up')).toBeVisible();
    await shoot(page, 'api-keys');
    await page.getByRole('button', { name: 'New key' }).click();
    await dialog.getByLabel('Name').fill('statistics');
    await dialog.getByRole('checkbox', { name: 'storage:read' }).check();
    await shoot(page, 'api-key-new', false);
    await dialog.getByRole('button', { name: 'Create key' }).click();
    await expect(dialog.getByText('It is shown only now')).toBeVisible();
    await shoot(page, 'api-key-value', false);
    await page.setViewportSize(phone);
    for (const name of ['platforms', 'users', 'api-keys']) {
      await page.goto(`${desk.url}/${name}`);
      await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible();
      await shoot(page, `${name}-phone`);
    }
    await page.getByRole('button', { name: 'New key' }).click();
    await shoot(page, 'api-key-new-phone', false);
    await page.goto(`${desk.url}/platforms`);
    await page.getByRole('button', { name: 'Edit Backup Server' }).click();
    await shoot(page, 'platform-edit-phone', false);
    await page.setViewportSize(desktop);
    await page.evaluate(() => localStorage.setItem('language', 'ru'));
    for (const name of ['platforms', 'users', 'api-keys']) {
      await page.goto(`${desk.url}/${name}`);
      await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible();
      await shoot(page, `${name}-ru`);
    }
  });
});
