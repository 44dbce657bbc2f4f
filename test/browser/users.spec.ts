import { admin } from '../support/given.js';
import { expect, expectAccessible, signIn, test, withDesk } from './support/story.js';

test('an account is made with a first password that works, and is handed over', async ({
  page,
  context,
  desk,
}) => {
  await signIn(context, desk, await desk.given.admin());
  const username = `first-${process.pid}`;
  await page.goto(`${desk.url}/users`);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'New user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('User name').fill('root');
  await dialog.getByRole('button', { name: 'Create account' }).click();
  await expect(dialog.getByRole('alert')).toContainText('This user name is taken.');
  await expectAccessible(page);
  await dialog.getByLabel('User name').fill(username);
  const password = await dialog.getByLabel('First password').inputValue();
  await dialog.getByRole('button', { name: 'Create account' }).click();
  await expect(dialog.getByLabel('What to send')).toHaveValue(new RegExp(`Password: ${password}`));
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('listitem').filter({ hasText: username });
  await expect(row).toContainText('No second factor yet');
  await desk.given.stranger().post('/auth/login').send({ username, password }).expect(200);
});

test('another’s account is promoted, disabled, let in again, reset and deleted', async ({
  page,
  context,
  desk,
}) => {
  const username = `bob-${process.pid}`;
  const { api } = await desk.given.user('engineer', username);
  await signIn(context, desk, await desk.given.admin());
  await page.goto(`${desk.url}/users`);
  const row = page.getByRole('listitem').filter({ hasText: username });
  const dialog = page.getByRole('dialog');
  await row.getByRole('button', { name: `Edit ${username}` }).click();
  await dialog.getByRole('radio', { name: 'Administrator' }).check();
  await dialog.getByRole('checkbox', { name: 'May sign in' }).uncheck();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Administrator');
  await expect(row).toContainText('Disabled');
  await expectAccessible(page);
  await api.get('/tickets').expect(401);
  await row.getByRole('button', { name: `Edit ${username}` }).click();
  await dialog.getByRole('checkbox', { name: 'May sign in' }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).not.toContainText('Disabled');
  await row.getByRole('button', { name: 'Reset the second factor' }).click();
  await expect(dialog).toContainText('Be sure that');
  await dialog.getByRole('button', { name: 'Reset the second factor' }).click();
  await expect(row).toContainText('No second factor yet');
  await row.getByRole('button', { name: `Delete ${username}` }).click();
  await dialog.getByRole('button', { name: 'Delete the account' }).click();
  await expect(page.getByText(`${username} is deleted.`)).toBeVisible();
  await expect(row).toHaveCount(0);
});

test('the last administrator stays, and one’s own account is not lost without a word', async ({
  page,
  context,
}) => {
  // A desk of its own: on a shared one another story's administrator might be there to stay.
  const firstAdmin = { ADMIN_USERNAME: admin.username, ADMIN_PASSWORD: admin.password };
  await withDesk(firstAdmin, async (desk) => {
    await signIn(context, desk, await desk.given.admin());
    await page.goto(`${desk.url}/users`);
    const row = page.getByRole('listitem').filter({ hasText: 'You' });
    const dialog = page.getByRole('dialog');
    await row.getByRole('button', { name: 'Edit root' }).click();
    await dialog.getByRole('radio', { name: 'Engineer' }).check();
    await expect(dialog).toContainText('You give up the administrator’s rights');
    await dialog.getByRole('checkbox', { name: 'May sign in' }).uncheck();
    await expect(dialog).toContainText('You are signed out at once');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog.getByRole('alert')).toContainText('There has to be one administrator.');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await row.getByRole('button', { name: 'Delete root' }).click();
    await expect(dialog).toContainText('This is your own account: you are signed out at once.');
    await dialog.getByRole('button', { name: 'Delete the account' }).click();
    await expect(page.getByText('There has to be one administrator.')).toBeVisible();
    await expect(row).toBeVisible();
  });
});

test('an administrator who steps down is led off the page', async ({ page, context, desk }) => {
  await signIn(context, desk, await desk.given.user('admin', `former-${process.pid}`));
  await page.goto(`${desk.url}/users`);
  const row = page.getByRole('listitem').filter({ hasText: 'You' });
  await row.getByRole('button', { name: /^Edit/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: 'Engineer' }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('This page is for administrators')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Users' })).toHaveCount(0);
});

test('an engineer finds neither users, API keys nor jobs', async ({ page, context, desk }) => {
  await signIn(context, desk, await desk.given.engineer(`plain-${process.pid}`));
  for (const path of ['/users', '/api-keys', '/jobs']) {
    await page.goto(desk.url + path);
    await expect(page.getByText('This page is for administrators')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Platforms' })).toBeVisible();
    await expect(page.getByRole('link', { name: /Users|API keys|Jobs/ })).toHaveCount(0);
    await expectAccessible(page);
  }
});
