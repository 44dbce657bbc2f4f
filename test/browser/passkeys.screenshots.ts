import { desktop, phone, shoot } from './support/shoot.js';
import { expect, test } from './support/story.js';
import { named, signInByName, virtualAuthenticator } from './support/virtual-authenticator.js';

test('passkeys', async ({ page, context, desk: numbered }) => {
  const desk = named(numbered);
  const ben = { username: 'ben', password: 'a long and unusual pass phrase 7' };
  const { api } = await desk.given.admin();
  await api
    .post('/users')
    .send({ ...ben, role: 'engineer' })
    .expect(201);
  await virtualAuthenticator(page);
  await page.goto(`${desk.url}/sign-in`);
  await shoot(page, 'passkey-sign-in');
  const fillIn = async () => {
    await page.getByLabel('User name').fill(ben.username);
    await page.getByLabel('Password').fill(ben.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  await fillIn();
  const make = page.getByRole('button', { name: 'Make a passkey' });
  await expect(make).toBeVisible();
  await shoot(page, 'passkey-enrolment');
  await make.click();
  await page.getByLabel('I have kept these codes').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await fillIn();
  await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
  await shoot(page, 'passkey-verification');
  await context.clearCookies();

  const person = await desk.given.engineer('dora');
  await signInByName(context, desk, person);
  await page.goto(`${desk.url}/account/passkeys/new`);
  await page.getByLabel('Password').fill(person.account.password);
  await page.getByLabel('Code').fill(person.account.recoveryCodes[0] ?? '');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(make).toBeVisible();
  await shoot(page, 'passkey-add');
  await make.click();
  await expect(page.getByText('Chrome, Linux')).toBeVisible();
  await shoot(page, 'passkey-account');
  await page.setViewportSize(phone);
  await shoot(page, 'passkey-account-phone');
  await page.setViewportSize(desktop);
  await page.getByRole('link', { name: 'Remove Chrome, Linux' }).click();
  await expect(page.getByText('Chrome, Linux')).toBeVisible();
  await shoot(page, 'passkey-remove');
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  await page.goto(`${desk.url}/account`);
  await expect(page.getByText('Chrome, Linux')).toBeVisible();
  await shoot(page, 'passkey-account-ru');
  await context.clearCookies();
  await page.goto(`${desk.url}/sign-in`);
  await shoot(page, 'passkey-sign-in-ru');
});
