import { generateSync } from 'otplib';
import { expect, expectAccessible, signIn, test } from './support/story.js';

const next = 'another long and unusual phrase 8';

test('a password is changed, and a wrong or weak one is said beside its field', async ({
  page,
  context,
  desk,
}) => {
  const person = await desk.given.engineer(`changes-${process.pid}`);
  await signIn(context, desk, person);
  await page.goto(desk.url);
  await page.getByRole('link', { name: person.account.username }).click();
  await expect(page.getByRole('heading', { name: 'My account' })).toBeVisible();
  await expectAccessible(page);
  const submit = page.getByRole('button', { name: 'Change the password' });
  await page.getByLabel('Current password').fill('not this one');
  await page.getByLabel('New password').fill(next);
  await submit.click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await page.getByLabel('Current password').fill(person.account.password);
  await page.getByLabel('New password').fill(`${person.account.username} and more`);
  await submit.click();
  await expect(page.getByText('Must not contain the user name')).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('New password').fill(next);
  await submit.click();
  await expect(page.getByText('The password is changed.')).toBeVisible();
  await expect(page.getByLabel('New password')).toHaveValue('');
  const { username } = person.account;
  const stranger = desk.given.stranger();
  await stranger.post('/auth/login').send({ username, password: next }).expect(200);
});

test('sessions are seen and ended, and this one is marked', async ({ page, context, desk }) => {
  const person = await desk.given.engineer(`sessions-${process.pid}`);
  const other = await desk.given.signedIn(person.account);
  await signIn(context, desk, person);
  await page.goto(`${desk.url}/account`);
  const sessions = page.getByRole('region', { name: 'Sessions' });
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  const current = sessions.getByRole('listitem').first();
  await expect(current.getByText('This one')).toBeVisible();
  await expect(current.getByRole('button')).toHaveCount(0);
  await other.get('/auth/session').expect(200);
  await sessions.getByRole('button', { name: 'End this one' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  await other.get('/auth/session').expect(401);
  await expectAccessible(page);
});

test('the second factor is set up anew, with new recovery codes', async ({
  page,
  context,
  desk,
}) => {
  const person = await desk.given.engineer(`anew-${process.pid}`);
  const [first = '', second = ''] = person.account.recoveryCodes;
  await signIn(context, desk, person);
  await page.goto(`${desk.url}/account`);
  await page.getByRole('link', { name: 'Set up again' }).click();
  await expectAccessible(page);
  await page.getByLabel('Password').fill('not this one');
  await page.getByLabel('Code').fill(first);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await expect(page.getByLabel('Code')).toHaveValue(first);
  await page.getByLabel('Password').fill(person.account.password);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('No camera?').click();
  await expectAccessible(page);
  const secret = (await page.locator('code').innerText()).replaceAll(' ', '');
  expect(secret).not.toBe(person.account.secret);
  await page.getByLabel('Then type the six digits').fill(generateSync({ secret }));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByRole('heading', { name: 'Recovery codes' })).toBeVisible();
  const [code = ''] = await page.getByRole('listitem').allInnerTexts();
  await page.getByLabel('I have kept these codes').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('heading', { name: 'My account' })).toBeVisible();
  const again = desk.given.stranger();
  const { username, password } = person.account;
  await again.post('/auth/login').send({ username, password }).expect(200);
  await again.post('/auth/recovery').send({ code: second }).expect(422);
  await again.post('/auth/recovery').send({ code }).expect(200);
});
