import { readFileSync } from 'node:fs';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import { expect, expectAccessible, signIn, test } from './support/story.js';

test.beforeEach(async ({ context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
});

test('a note is changed, and a ticket resolved and reopened', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `note-${process.pid}`, note: 'old' });
  await page.goto(`${desk.url}/tickets/${number}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await expect(page.getByRole('textbox', { name: 'Note' })).toBeFocused();
  await expectAccessible(page);
  await page.getByRole('textbox', { name: 'Note' }).fill('a <script>new</script> note');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('a <script>new</script> note')).toBeVisible();
  await page.getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByText('Resolved', { exact: true })).toBeVisible();
  await expect(page.getByText('Ticket resolved')).toBeVisible();
  await expectAccessible(page);
  const { api } = await desk.given.admin();
  const view = await api.get(`/tickets/${number}`).expect(200);
  expect(view.body).toMatchObject({ resolved: true, note: 'a <script>new</script> note' });
  await page.getByRole('button', { name: 'Reopen' }).click();
  await expect(page.getByText('Active', { exact: true })).toBeVisible();
  await desk.given.archive({}, token);
});

test('a token is issued, extended and revoked', async ({ page, desk }) => {
  const { number } = await desk.given.ticket({ ticket: `token-${process.pid}`, attempts: 1 });
  await page.goto(`${desk.url}/tickets/${number}`);
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Attempts').fill('3');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Issue the token' }).click();
  await expect(dialog.getByLabel('Text of the answer')).toHaveValue(/lct_/);
  await dialog.getByRole('button', { name: 'Done' }).click();
  const issued = page.getByRole('listitem').filter({ hasText: '3 attempts left' });
  await issued.getByRole('button', { name: 'Extend' }).click();
  await dialog.getByLabel('Attempts left').fill('7');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  const extended = page.getByRole('listitem').filter({ hasText: '7 attempts left' });
  await extended.getByRole('button', { name: 'Revoke' }).click();
  await expect(dialog).toContainText('Its holder can upload nothing more');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect(extended.getByText('Revoked', { exact: true })).toBeVisible();
  await expect(extended.getByRole('button')).toHaveCount(0);
});

test('each upload of a token is told with its outcome and why', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `tries-${process.pid}` });
  await desk.given.archive({ name: 'first <b>.tgz', way: 'put', bytes: 'logs' }, token);
  expect(
    await upload(desk.url, token, { name: 'nothing.log', way: 'put', bytes: '' }),
  ).toMatchObject({ status: 422 });
  const half = await uploadUnderWay(
    desk.url,
    token,
    { name: 'half.tgz', headers: { 'Content-Length': 300_000_000 } },
    Buffer.alloc(1_000_000),
  );
  await page.goto(`${desk.url}/tickets/${number}`);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/attempts')) asked.push(request.url());
  });
  const attempts = page.locator('details').filter({ hasText: 'Attempts' });
  const row = (text: string) => attempts.getByRole('listitem').filter({ hasText: text });
  await expect(attempts).toBeVisible();
  expect(asked).toEqual([]);
  await attempts.locator('summary').click();
  await expect(row('nothing.log')).toContainText('Failed: the file was empty');
  await expect(row('first <b>.tgz')).toContainText('Stored');
  await expect(row('first <b>.tgz')).toContainText('4 bytes · by curl -T · from 127.0.0.1');
  await expect(row('half.tgz')).toContainText('Under way');
  await expectAccessible(page);
  half.breakOff();
  // It is looked at again by itself.
  await expect(row('half.tgz')).toContainText('Broken off after 1 MB of 300 MB');
  await page.getByRole('button', { name: 'Delete first <b>.tgz' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the archive' }).click();
  await expect(page.getByText('first <b>.tgz is deleted.')).toBeVisible();
  await page.reload();
  await attempts.locator('summary').click();
  await expect(row('first <b>.tgz')).toContainText('Stored, deleted since');
  await expectAccessible(page);
});

test('a token by which nothing came says so', async ({ page, desk }) => {
  const { number } = await desk.given.ticket({ ticket: `untried-${process.pid}` });
  await page.goto(`${desk.url}/tickets/${number}`);
  await page.locator('summary').filter({ hasText: 'Attempts' }).press('Enter');
  await expect(page.getByText('Nothing has come by this token yet.')).toBeVisible();
});

test('an archive says by which token it came, and leads there', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `origin-${process.pid}` });
  await desk.given.archive({ name: 'logs.tgz' }, token);
  await page.goto(`${desk.url}/tickets/${number}`);
  await page.getByRole('button', { name: /^by the token of root/ }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'issued by root' })).toBeFocused();
});

test('a download is the file itself, and explains itself where it is none', async ({
  page,
  context,
  desk,
}) => {
  const { number, token } = await desk.given.ticket({ ticket: `fetch-${process.pid}` });
  const { id } = await desk.given.archive({ name: 'журнал.log', way: 'put', bytes: 'abc' }, token);
  await page.goto(`${desk.url}/tickets/${number}`);
  const download = page.getByRole('link', { name: 'Download журнал.log' });
  const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
  expect(file.suggestedFilename()).toBe('журнал.log');
  expect(readFileSync(await file.path(), 'utf8')).toBe('abc');
  const { api } = await desk.given.admin();
  const downloads = await api.get(`/audit-events?subject=${String(id)}&action=archive.downloaded`);
  expect((downloads.body as { items: unknown[] }).items).toHaveLength(1);

  await context.setOffline(true);
  await download.click();
  await expect(page.getByText('The service cannot be reached')).toBeVisible();
  await context.setOffline(false);

  // The session ends elsewhere, while the page is open.
  await context.clearCookies();
  await download.click();
  await expect(page).toHaveURL(new RegExp(`/sign-in\\?then=%2Ftickets%2F${number}$`));
  await expect(page.getByText('Your session has ended. Sign in again')).toBeVisible();
  await signIn(context, desk, await desk.given.admin());
  await page.goto(`${desk.url}/tickets/${number}`);
  await expect(download).toBeVisible();
  await api.delete(`/archives/${String(id)}`).expect(204);
  await download.click();
  await expect(page.getByText('It is not here, or not any more.')).toBeVisible();
});

test('an archive is deleted only after a question that names it', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `gone-${process.pid}` });
  const names = ['<img src=x onerror=alert(1)>.tgz', 'second.zip'];
  for (const name of names) await desk.given.archive({ name, way: 'put', bytes: 'logs' }, token);
  await page.goto(`${desk.url}/tickets/${number}`);
  await expect(page.getByText('<img src=x onerror=alert(1)>.tgz')).toBeVisible();
  await expectAccessible(page);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Delete second.zip' }).click();
  await expect(dialog).toContainText('second.zip, 4 bytes');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('second.zip')).toBeVisible();
  await page.getByRole('button', { name: 'Delete second.zip' }).click();
  await dialog.getByRole('button', { name: 'Delete the archive' }).click();
  await expect(page.getByText('second.zip is deleted.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete second.zip' })).toHaveCount(0);
  await expectAccessible(page);
});

test('an archive is fetched by a line for curl', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `curl-${process.pid}` });
  await desk.given.archive({ name: 'logs.tgz', bytes: 'some logs' }, token);
  await page.goto(`${desk.url}/tickets/${number}`);
  await page.getByRole('button', { name: 'Download logs.tgz by curl' }).click();
  const dialog = page.getByRole('dialog');
  const line = await dialog.locator('pre').innerText();
  await expectAccessible(page);
  const [, link = ''] = /^curl -fLOJ "(\S+)"$/.exec(line) ?? [];
  expect(await (await fetch(link)).text()).toBe('some logs');
});

test('a ticket is deleted with all that the question named', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `whole-${process.pid}` });
  await desk.given.archive({ bytes: 'x'.repeat(2_000) }, token);
  await page.goto(`${desk.url}/tickets/${number}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(`Delete ticket ${number}?`);
  await expect(dialog).toContainText('1 archive goes with it, 2 kB.');
  await dialog.getByRole('button', { name: 'Delete the ticket' }).click();
  await expect(page).toHaveURL(`${desk.url}/tickets`);
  await expect(page.getByText(`Ticket ${number} is deleted.`)).toBeVisible();
  await page.goto(`${desk.url}/tickets/${number}`);
  await expect(page.getByText('It is not here, or not any more.')).toBeVisible();
  await expectAccessible(page);
});
