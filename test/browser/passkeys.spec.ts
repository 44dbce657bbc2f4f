import type { Page } from '@playwright/test';
import { expect, expectAccessible, test } from './support/story.js';
import type { Desk } from './support/story.js';
import { named, signInByName, virtualAuthenticator } from './support/virtual-authenticator.js';

const password = 'a long and unusual pass phrase 7';
let count = 0;

const newcomer = async ({ given }: Desk): Promise<string> => {
  const username = `passkey-${process.pid}-${(count += 1)}`;
  const { api } = await given.admin();
  await api.post('/users').send({ username, password, role: 'engineer' }).expect(201);
  return username;
};

const fillIn = async (page: Page, username: string): Promise<void> => {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};

/** Enrols a passkey at the first sign-in, and keeps the recovery codes. */
const enrol = async (page: Page, { url }: Desk, username: string): Promise<readonly string[]> => {
  await page.goto(url);
  await fillIn(page, username);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await expect(page.getByRole('heading', { name: 'Recovery codes' })).toBeVisible();
  const codes = await page.getByRole('listitem').allInnerTexts();
  await page.getByLabel('I have kept these codes').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('link', { name: username })).toBeVisible();
  return codes;
};

const signOut = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
};

test('a new colleague enrols a passkey, proves it at the next sign-in, and then signs in by it alone', async ({
  page,
  desk: numbered,
}) => {
  const desk = named(numbered);
  const username = await newcomer(desk);
  const device = await virtualAuthenticator(page);
  await page.goto(desk.url);
  await fillIn(page, username);
  await expect(page.getByRole('heading', { name: 'Second factor' })).toBeVisible();
  await expectAccessible(page);
  // Nobody touches the reader: nothing is lost, and it can be tried again.
  await device.touch(false);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expectAccessible(page);
  await device.touch(true);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await expect(page.getByRole('heading', { name: 'Recovery codes' })).toBeVisible();
  await expect(page.getByRole('listitem')).toHaveCount(10);
  await page.getByLabel('I have kept these codes').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('link', { name: username })).toBeVisible();

  await signOut(page);
  await fillIn(page, username);
  await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeFocused();
  await expect(page.getByRole('button', { name: 'authenticator app' })).toHaveCount(0);
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: username })).toBeVisible();

  await signOut(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('link', { name: username })).toBeVisible();
});

test('a recovery code stands in for a lost device', async ({ page, desk: numbered }) => {
  const desk = named(numbered);
  const username = await newcomer(desk);
  const device = await virtualAuthenticator(page);
  const [code = ''] = await enrol(page, desk, username);
  await device.forget();
  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('alert')).toHaveText(/No passkey was used/);
  await fillIn(page, username);
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await expectAccessible(page);
  await page.getByLabel('Recovery code').fill(code);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: username })).toBeVisible();
});

test('a passkey joins the authenticator app, is renamed and removed', async ({
  page,
  context,
  desk: numbered,
}) => {
  const desk = named(numbered);
  const person = await desk.given.engineer(`joins-${process.pid}`);
  const [code = ''] = person.account.recoveryCodes;
  await signInByName(context, desk, person);
  await virtualAuthenticator(page);
  await page.goto(`${desk.url}/account`);
  const panel = page.getByRole('region', { name: 'Second factor' });
  await panel.getByRole('link', { name: 'Add a passkey' }).click();
  await expectAccessible(page);
  await page.getByLabel('Password').fill(person.account.password);
  await page.getByLabel('Code').fill(code);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await expect(page.getByText('The passkey is added.')).toBeVisible();
  await expect(panel.getByText('Chrome, Linux')).toBeVisible();
  await expectAccessible(page);

  await panel.getByRole('button', { name: 'Rename Chrome, Linux' }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByLabel('Name').fill('Work <b>laptop</b>');
  await page.keyboard.press('Enter');
  await expect(panel.getByText('Work <b>laptop</b>')).toBeVisible();

  await panel.getByRole('link', { name: 'Remove Work <b>laptop</b>' }).click();
  await expect(page.getByText('Work <b>laptop</b>')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Use password and code' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
  await expect(page.getByText(/is removed/)).toBeVisible();
  await expect(panel.getByText('laptop')).toHaveCount(0);
  await expect(panel.getByText('Authenticator app')).toBeVisible();
});

test('the only second factor has no way to be removed, and an app can be set up beside it', async ({
  page,
  desk: numbered,
}) => {
  const desk = named(numbered);
  const username = await newcomer(desk);
  await virtualAuthenticator(page);
  await enrol(page, desk, username);
  await page.goto(`${desk.url}/account`);
  const panel = page.getByRole('region', { name: 'Second factor' });
  await expect(panel.getByText('so it stays')).toBeVisible();
  await expect(panel.getByRole('link', { name: /^Remove/ })).toHaveCount(0);
  await expectAccessible(page);
  await panel.getByRole('link', { name: 'Set up', exact: true }).click();
  await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
  await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
  await expectAccessible(page);
});

test('an address without a name offers no passkey', async ({ page, desk }) => {
  const username = await newcomer(desk);
  await page.goto(`${desk.url}/sign-in`);
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toHaveCount(0);
  await fillIn(page, username);
  await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
});
