import type { Page } from '@playwright/test';
import { generateSync } from 'otplib';
import { expect, expectAccessible, signIn, test } from './support/story.js';
import type { Desk } from './support/story.js';

const password = 'a long and unusual pass phrase 7';
let count = 0;

/** An account that an administrator made, before its first sign-in. */
const newcomer = async ({ given }: Desk): Promise<string> => {
  const username = `newcomer-${process.pid}-${(count += 1)}`;
  const { api } = await given.admin();
  await api.post('/users').send({ username, password, role: 'engineer' }).expect(201);
  return username;
};

const fillIn = async (page: Page, username: string, secret = password): Promise<void> => {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

test('a new colleague has to enrol a second factor before anything else', async ({
  page,
  desk,
}) => {
  const username = await newcomer(desk);
  await page.goto(`${desk.url}/tickets?state=open`);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByLabel('User name')).toBeFocused();
  await expectAccessible(page);
  await fillIn(page, username);
  await expect(page.getByRole('heading', { name: 'Second factor' })).toBeVisible();
  // No way around it.
  await page.goto(`${desk.url}/tickets?state=open`);
  await expect(page.getByRole('heading', { name: 'Second factor' })).toBeVisible();
  await page.getByText('No camera?').click();
  const secret = (await page.locator('code').innerText()).replaceAll(' ', '');
  await page.getByLabel('Then type the six digits').fill(generateSync({ secret }));
  await page.keyboard.press('Enter');
  await page.getByLabel('I have kept these codes').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  // Where one wanted to go in the first place, and nothing of an administrator's.
  await expect(page).toHaveURL(`${desk.url}/tickets?state=open`);
  await expect(page.getByText('Engineer', { exact: true })).toBeVisible();
});

test('a wrong password is told in words, and nothing of it stays', async ({ page, desk }) => {
  await page.goto(`${desk.url}/sign-in`);
  await fillIn(page, 'nobody-here', 'a wrong password');
  await expect(page.getByRole('alert')).toHaveText(
    'Check the user name and the password, then try again.',
  );
  await expect(page.getByLabel('Password')).toHaveValue('');
  await expect(page.getByLabel('User name')).toHaveValue('nobody-here');
  await expectAccessible(page);
});

test('a recovery code stands in for a lost phone', async ({ page, desk }) => {
  const { account } = await desk.given.engineer(`lost-${process.pid}-${(count += 1)}`);
  await page.goto(desk.url);
  await fillIn(page, account.username, account.password);
  await expect(page.getByLabel('Code', { exact: true })).toBeFocused();
  await expectAccessible(page);
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('The code is wrong');
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await expectAccessible(page);
  await page.getByLabel('Recovery code').fill(account.recoveryCodes[0] ?? '');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Overview', exact: true })).toBeVisible();
});

test('an ended session leads back to where one was', async ({ page, context, desk }) => {
  const person = await desk.given.engineer(`ended-${process.pid}-${(count += 1)}`);
  const { number } = await desk.given.ticket({ ticket: `ENDED-${process.pid}` });
  await signIn(context, desk, person);
  await page.goto(`${desk.url}/tickets`);
  await expect(page.getByText(number, { exact: true })).toBeVisible();
  await person.api.post('/auth/logout').expect(204);
  await page.getByText(number, { exact: true }).click();
  await expect(page.getByText('Your session has ended')).toBeVisible();
  const { username, password: secret, recoveryCodes } = person.account;
  await fillIn(page, username, secret);
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code').fill(recoveryCodes[0] ?? '');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: number })).toBeVisible();
});

test('signing out ends the session on the server', async ({ page, context, desk }) => {
  const person = await desk.given.engineer(`leaving-${process.pid}-${(count += 1)}`);
  await signIn(context, desk, person);
  await page.goto(desk.url);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await person.api.get('/auth/session').expect(401);
});

test('an address leads nobody to another site', async ({ page, context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
  for (const then of ['https://evil.example/', '//evil.example/', '/\\evil.example/']) {
    await page.goto(`${desk.url}/sign-in?then=${encodeURIComponent(then)}`);
    await expect(page.getByRole('heading', { name: 'Overview', exact: true })).toBeVisible();
    expect(new URL(page.url()).origin).toBe(desk.url);
  }
});

test('a link for the set-up that was used or cut short says what to do', async ({ page, desk }) => {
  await page.goto(`${desk.url}/setup`);
  await expect(page.getByText('Open the set-up link from the service’s log again')).toBeVisible();
  await expectAccessible(page);
  await page.goto(`${desk.url}/no/such/page`);
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
  await expectAccessible(page);
});
