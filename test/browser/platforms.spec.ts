import { expect, expectAccessible, signIn, test } from './support/story.js';

test.beforeEach(async ({ context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
});

test('a platform is made with limits in human units, and changed', async ({ page, desk }) => {
  const title = `Mail <b>Archive</b> ${process.pid}`;
  await page.goto(`${desk.url}/platforms`);
  await page.getByRole('button', { name: 'New platform' }).first().click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Name of the product')).toBeFocused();
  await page.keyboard.type(title);
  const name = dialog.getByLabel('Name in the API');
  await expect(name).toHaveValue(`mail-b-archive-b-${process.pid}`);
  await name.fill(`mail-${process.pid}`);
  await dialog.getByLabel('Largest upload', { exact: true }).fill('1.5');
  await dialog.getByLabel('Attempts').fill('4');
  await dialog.getByLabel('Lifetime', { exact: true }).fill('36');
  await dialog.getByLabel('Lifetime: unit').selectOption('hours');
  await dialog.getByLabel('Quota', { exact: true }).fill('2');
  await dialog.getByLabel('Quota: unit').selectOption('TB');
  await dialog.getByLabel('Keep archives for').fill('90');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Create platform' }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole('listitem').filter({ hasText: `mail-${process.pid}` });
  await expect(row).toContainText(title);
  await expect(row).toContainText(/Largest upload\s*1\.5\sGB/);
  await expect(row).toContainText(/Keep archives for\s*90 days/);
  await expectAccessible(page);
  const { api } = await desk.given.admin();
  const path = `/platforms/mail-${process.pid}`;
  const made = { maxUploadBytes: 1_500_000_000, quotaBytes: 2e12, tokenLifetime: 129_600 };
  expect((await api.get(path)).body).toMatchObject({ ...made, tokenAttempts: 4 });
  await row.getByRole('button', { name: 'Edit' }).click();
  await expect(dialog.getByLabel('Largest upload', { exact: true })).toHaveValue('1.5');
  await dialog.getByLabel('Quota', { exact: true }).fill('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).not.toContainText('Quota');
  expect((await api.get(path)).body).toMatchObject({ ...made, quotaBytes: null });
});

test('an empty platform goes at once', async ({ page, desk }) => {
  const title = `Empty ${process.pid}`;
  await desk.given.platform({ title });
  await page.goto(`${desk.url}/platforms`);
  await page.getByRole('button', { name: `Delete ${title}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the platform' }).click();
  await expect(page.getByText(`${title} is deleted.`)).toBeVisible();
  await expect(page.getByRole('button', { name: `Delete ${title}` })).toHaveCount(0);
});

test('one that has tickets goes only after all is named and its name typed', async ({
  page,
  desk,
}) => {
  const { given } = desk;
  const title = `Full ${process.pid}`;
  const platform = await given.platform({ title });
  const { token } = await given.ticket({ platform, ticket: `full-${process.pid}` });
  await given.archive({ bytes: 'x'.repeat(3_000) }, token);
  await page.goto(`${desk.url}/platforms`);
  const button = page.getByRole('button', { name: `Delete ${title}` });
  await button.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete the platform' }).click();
  await expect(dialog).toContainText('It has tickets, so nothing was deleted.');
  await expect(dialog).toContainText(`1 ticket: full-${process.pid}`);
  await expect(dialog).toContainText('1 archive, 3 kB');
  await expectAccessible(page);
  const deed = dialog.getByRole('button', { name: 'Delete all of it' });
  await dialog.getByLabel('To confirm').fill('something else');
  await expect(deed).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(button).toBeVisible();
  await button.click();
  await dialog.getByRole('button', { name: 'Delete the platform' }).click();
  await dialog.getByLabel('To confirm').fill(platform);
  await deed.click();
  await expect(page.getByText(`${title} is deleted.`)).toBeVisible();
  await expect(button).toHaveCount(0);
  const { api } = await given.admin();
  await api.get(`/tickets/full-${process.pid}`).expect(404);
});
