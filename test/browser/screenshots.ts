import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { admin } from '../support/given.js';
import { workedAt } from './support/desk-data.js';
import { expect, signIn, test, withDesk } from './support/story.js';

// `npm run screenshots`: a picture of every page in both themes, to be looked at. It holds nothing by itself.

const folder = join(__dirname, '../../screenshots');
const phone = { width: 390, height: 844 };
const desktop = { width: 1280, height: 860 };

const shoot = async (page: Page, name: string, fullPage = true): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(350);
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage });
  }
  await page.emulateMedia({ colorScheme: null });
};

test('entrance', async ({ page }) => {
  await withDesk({}, async ({ url, setupToken, given }) => {
    await page.goto(`${url}/setup#${setupToken}`);
    await expect(page.getByRole('button')).toHaveCount(6);
    await shoot(page, 'setup');
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Make the account' }).click();
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
    await shoot(page, 'upload');
    await page.goto(`${url}/no-such-page`);
    await shoot(page, 'missing');
  });
});

test('recovery codes', async ({ page }) => {
  await withDesk({}, async ({ url, setupToken }) => {
    await page.goto(`${url}/setup#${setupToken}`);
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Make the account' }).click();
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
    await shoot(page, 'tickets-empty');
    await page.keyboard.press('n');
    await page.getByRole('dialog').getByLabel('Name of the product').fill('Backup Server');
    await shoot(page, 'first-platform', false);
  });
});

test('desk', async ({ page, context, desk }) => {
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
  await page.goto(`${desk.url}/tickets?q=nothing-like-that`);
  await shoot(page, 'tickets-none-found');
  await page.goto(`${desk.url}/tickets/SUP-48222`);
  await expect(page.getByText('agent-logs.zip')).toBeVisible();
  await shoot(page, 'ticket');
  await page.setViewportSize(phone);
  await shoot(page, 'ticket-phone');
  await page.setViewportSize(desktop);
  await page.getByRole('button', { name: 'Delete', exact: true }).first().click();
  await shoot(page, 'ticket-delete', false);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Extend' }).click();
  await shoot(page, 'token-extend', false);
  await page.keyboard.press('Escape');
  await page.goto(`${desk.url}/tickets`);
  await page.getByRole('button', { name: 'New ticket' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Number').fill('SUP-50000');
  await dialog.getByLabel('Note').fill('Restore fails after the update');
  await shoot(page, 'new-ticket', false);
  await dialog.getByRole('button', { name: 'Make the ticket' }).click();
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
