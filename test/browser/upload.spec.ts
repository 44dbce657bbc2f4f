import { createHash, randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { expect, expectAccessible, signIn, test } from './support/story.js';
import { choose, onDisk, picked, receipt, sha256, under } from './support/upload-page.js';

/** Where each request of this page went on from. */
const offsets = (page: Page): readonly number[] => {
  const begun: number[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH') begun.push(Number(request.headers()['upload-offset']));
  });
  return begun;
};

test('a file goes through to the receipt', async ({ page, context, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `up-${process.pid}`, attempts: 3 });
  // An engineer tries the customer's link, too: the session stands in no way.
  await signIn(context, desk, await desk.given.admin());
  const scripts: string[] = [];
  page.on('response', (response) => void scripts.push(response.url()));
  await page.goto(`${desk.url}/upload#${token.value}`);
  await expect(page.getByText(`for ticket ${number}`)).toContainText('3 more files, up to 10.7 GB');
  expect(page.url()).toBe(`${desk.url}/upload`);
  const begun = scripts.filter((url) => url.endsWith('.js')).length;
  await expectAccessible(page);

  const bytes = randomBytes(3_000_000);
  await choose(page).setInputFiles(picked('логи <b>1.tgz', bytes));
  await expect(receipt(page)).toContainText(sha256(bytes));
  await expect(receipt(page)).toContainText('логи <b>1.tgz');
  await expect(receipt(page)).toContainText('3 MB (3,000,000 bytes)');
  await expect(receipt(page)).toContainText('You can close this page');
  await expect(page.getByText('2 more files')).toBeVisible();
  await expect(under(page)).toHaveCount(0);
  await expect(page.getByText('логи <b>1.tgz is sent.')).toBeAttached();
  // Uppy came with the first file and not before.
  expect(scripts.filter((url) => url.endsWith('.js')).length).toBeGreaterThan(begun);
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Copy the receipt' }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(`Receipt for ticket ${number}`);
  expect(copied).toContain(`SHA-256 ${sha256(bytes)}`);
  const kept = await page.evaluate(() =>
    JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
  );
  expect(kept).not.toContain(token.value);

  // On paper there is the receipt and nothing else.
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await expect(page.getByText(`Receipt for ticket ${number}`)).toBeVisible();
  await expect(page.getByText(sha256(bytes))).toBeVisible();
  await expect(page.getByText('Drop files here')).toBeHidden();
  await expect(page.getByRole('button')).toHaveCount(0);
  await page.emulateMedia({ media: null, colorScheme: null });

  await page.getByText('Send from a command line instead').click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Copy: With curl' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    `curl -F file=@logs.tgz -H "Upload-Token: ${token.value}" ${desk.url}/api/v1/archives`,
  );
  await page.getByRole('button', { name: 'Copy: With a script' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(
    `UPLOAD_TOKEN=${token.value} sh upload.sh`,
  );
});

test('several files, with a checksum that fits and one that does not', async ({ page, desk }) => {
  const { token } = await desk.given.ticket({ ticket: `several-${process.pid}`, attempts: 5 });
  await page.goto(`${desk.url}/upload#${token.value}`);
  const files = [1, 2, 3].map((index) => randomBytes(200_000 * index));
  const md5 = createHash('md5')
    .update(files[0] ?? '')
    .digest('hex');
  await choose(page).setInputFiles([
    ...files.map((bytes, index) => picked(`part-${index}.log`, bytes)),
    picked('part-0.log.md5', Buffer.from(`${md5}  part-0.log\n`)),
    picked('empty.log', Buffer.from('')),
  ]);
  for (const bytes of files) await expect(receipt(page)).toContainText(sha256(bytes));
  await expect(receipt(page)).toContainText('3 files received in full. You can close this page.');
  await expect(under(page)).toContainText('Checksum agrees with part-0.log.');
  await expect(under(page)).toContainText('The file is empty. Choose another.');
  await expect(receipt(page)).not.toContainText('md5');
  await expect(page.getByText('2 more files')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Remove empty.log' }).click();
  await expect(page.getByText('empty.log')).toHaveCount(0);

  const wrong = Buffer.from(`${'0'.repeat(64)}\n`);
  await choose(page).setInputFiles(picked('part-1.log.sha256', wrong));
  await expect(under(page)).toContainText('The checksum does not agree');
  await choose(page).setInputFiles(picked('part-2.log.sha256', Buffer.from('no digest')));
  await expect(under(page)).toContainText('No checksum was found in this file.');
});

test('a file that is too large is refused before any of it is sent', async ({ page, desk }) => {
  const platform = await desk.given.platform({ maxUploadBytes: 1000 });
  const { token } = await desk.given.ticket({ ticket: `large-${process.pid}`, platform });
  await page.goto(`${desk.url}/upload#${token.value}`);
  await choose(page).setInputFiles(picked('large.log', randomBytes(1001)));
  await expect(under(page)).toContainText('The file is too large.');
  await expect(page.getByText('5 more files, up to 1 kB each')).toBeVisible();
});

test('an upload that is cut goes on where it was, as one attempt', async ({ page, desk }) => {
  const proxy = await cuttingProxy(desk.url);
  const { token } = await desk.given.ticket({ ticket: `cut-${process.pid}`, attempts: 1 });
  await page.goto(`${proxy.url}/upload#${token.value}`);
  await expect(page.getByText('1 more file,')).toBeVisible();
  const bytes = randomBytes(8_000_000);
  proxy.plan({ afterBytes: 3_000_000, how: 'end' }, { afterBytes: 2_000_000, how: 'end' });
  const begun = offsets(page);
  await choose(page).setInputFiles(picked('cut.tgz', bytes));
  await expect(receipt(page)).toContainText(sha256(bytes));
  expect(proxy.counters.cuts).toBe(2);
  expect(begun.some((offset) => offset > 1_000_000)).toBe(true);
  await expect(page.getByText('All files that this link allows have been sent.')).toBeVisible();
  await expect(receipt(page).getByRole('listitem')).toHaveCount(1);
  await expectAccessible(page);
  proxy.cutAll();
});

test('an upload goes on after a reload, when the file is chosen again', async ({ page, desk }) => {
  const proxy = await cuttingProxy(desk.url);
  const { token } = await desk.given.ticket({ ticket: `reload-${process.pid}`, attempts: 1 });
  const bytes = randomBytes(8_000_000);
  await onDisk('night.tgz', bytes, async (path) => {
    await page.goto(`${proxy.url}/upload#${token.value}`);
    // Part of it arrives, and then the line is dead.
    // From the cut on: what looks for it afterwards may find that the next try was quicker.
    await page.route('**/api/v1/uploads/*', (route) =>
      proxy.counters.cuts > 0 ? route.abort() : route.continue(),
    );
    proxy.plan({ afterBytes: 4_000_000, how: 'end' });
    await choose(page).setInputFiles(path);
    await expect(under(page)).toContainText('The service cannot be reached.');
    await expectAccessible(page);
    page.once('dialog', (dialog) => void dialog.accept());
    await page.goto('about:blank');
    await page.unrouteAll({ behavior: 'ignoreErrors' });

    const begun = offsets(page);
    await page.goto(`${proxy.url}/upload#${token.value}`);
    await expect(page.getByText('Interrupted: night.tgz.')).toBeVisible();
    await expectAccessible(page);
    await choose(page).setInputFiles(path);
    await expect(receipt(page)).toContainText(sha256(bytes));
    expect(begun).toHaveLength(1);
    expect(begun[0]).toBeGreaterThan(1_000_000);
    await expect(page.getByText('Interrupted')).toHaveCount(0);
    await expect(receipt(page).getByRole('listitem')).toHaveCount(1);
    expect(await page.evaluate(() => Object.keys(localStorage).join())).not.toContain('tus::');
  });
  proxy.cutAll();
});

test('pausing, going on and cancelling: the attempt comes back', async ({ page, desk }) => {
  const proxy = await cuttingProxy(desk.url);
  const { token } = await desk.given.ticket({ ticket: `pause-${process.pid}`, attempts: 2 });
  await page.goto(`${proxy.url}/upload#${token.value}`);
  await expect(page.getByText('2 more files')).toBeVisible();
  const bytes = randomBytes(20_000_000);
  // Nothing passes any more, so that there is time to pause.
  const stalled = page.waitForRequest((request) => request.method() === 'PATCH');
  await choose(page).setInputFiles(picked('slow.tgz', bytes));
  await stalled;
  proxy.stall();
  await page.getByRole('button', { name: 'Pause slow.tgz' }).click();
  await expect(under(page)).toContainText('Paused,');
  proxy.restore();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Cancel slow.tgz' }).click();
  await expect(under(page)).toHaveCount(0);
  await expect(page.getByText('2 more files')).toBeVisible();

  const again = page.waitForRequest((request) => request.method() === 'PATCH');
  await choose(page).setInputFiles(picked('slow.tgz', bytes));
  await again;
  proxy.stall();
  await page.getByRole('button', { name: 'Pause slow.tgz' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Resume slow.tgz' })).toBeFocused();
  proxy.restore();
  await page.keyboard.press('Enter');
  await expect(receipt(page)).toContainText(sha256(bytes));
  await expect(page.getByText('1 more file,')).toBeVisible();
  proxy.cutAll();
});

test('a token that is spent, expired, withdrawn or unknown says what to do', async ({
  page,
  desk,
}) => {
  const { api } = await desk.given.admin();
  const open = async (value: string): Promise<void> => {
    // Only the fragment differs: the page takes it all the same.
    await page.goto(`${desk.url}/upload#${value}`);
    await expect(page).toHaveURL(`${desk.url}/upload`);
  };
  const alert = page.getByRole('alert');

  const spent = await desk.given.ticket({ ticket: `spent-${process.pid}`, attempts: 1 });
  await desk.given.archive({ name: 'spent.tgz', way: 'put' }, spent.token);
  await open(spent.token.value);
  await expect(alert).toContainText('All files that this link allows have been sent.');
  await expect(receipt(page)).toContainText('spent.tgz');
  await expect(choose(page)).toHaveCount(0);
  await expectAccessible(page);

  const expired = await desk.given.ticket({ ticket: `expired-${process.pid}`, lifetime: 1 });
  await page.waitForTimeout(1100);
  await open(expired.token.value);
  await expect(alert).toContainText('This link has expired. Ask the support engineer');
  await expectAccessible(page);

  const { number, token } = await desk.given.ticket({ ticket: `withdrawn-${process.pid}` });
  await api.delete(`/tickets/${number}/tokens/${token.id}`).expect(204);
  await open(token.value);
  await expect(alert).toContainText('This link was withdrawn.');

  const resolved = await desk.given.ticket({ ticket: `resolved-${process.pid}` });
  await api.patch(`/tickets/${resolved.number}`).send({ resolved: true }).expect(200);
  await open(resolved.token.value);
  await expect(alert).toContainText('The ticket is resolved and takes no files.');

  await open(`lct_${'x'.repeat(32)}`);
  await expect(alert).toContainText('This link is not valid. Check that it was copied whole');
  await expectAccessible(page);
  // The whole link, pasted.
  const good = await desk.given.ticket({ ticket: `pasted-${process.pid}` });
  await page.getByLabel('Upload token').fill('логи');
  await page.keyboard.press('Enter');
  await expect(alert).toContainText('This link is not valid.');
  await page.getByLabel('Upload token').fill(`${desk.url}/upload#${good.token.value}`);
  await page.keyboard.press('Enter');
  await expect(page.getByText(`for ticket ${good.number}`)).toBeVisible();
});

test('a token that is withdrawn under way stops it with a sentence', async ({ page, desk }) => {
  const { number, token } = await desk.given.ticket({ ticket: `midway-${process.pid}` });
  await page.goto(`${desk.url}/upload#${token.value}`);
  await expect(choose(page)).toBeAttached();
  const { api } = await desk.given.admin();
  await api.delete(`/tickets/${number}/tokens/${token.id}`).expect(204);
  await choose(page).setInputFiles(picked('late.tgz', randomBytes(1000)));
  await expect(under(page)).toContainText('This link was withdrawn.');
  await expect(page.getByRole('alert')).toContainText('This link was withdrawn.');
  await expect(choose(page)).toHaveCount(0);
});

test.describe('in Russian, on a phone', () => {
  test.use({ locale: 'ru-RU', viewport: { width: 360, height: 740 }, hasTouch: true });

  test('everything fits and is said', async ({ page, desk }) => {
    const { number, token } = await desk.given.ticket({ ticket: `ru-up-${process.pid}` });
    const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
    await page.goto(`${desk.url}/upload#${token.value}`);
    await expect(page.getByText(`по заявке ${number}`)).toContainText('ещё 5 файлов');
    await expectAccessible(page);
    const name = `${'очень-длинное-имя-'.repeat(8)}.tgz`;
    const bytes = randomBytes(10_000);
    await page.getByLabel('Выберите файлы').setInputFiles(picked(name, bytes));
    const panel = page.getByRole('region', { name: 'Квитанция' });
    await expect(panel).toContainText(sha256(bytes));
    await expect(panel).toContainText('1 файл получен полностью.');
    await page.getByText('Отправить из командной строки').click();
    expect(await widest()).toBeLessThanOrEqual(360);
    await expectAccessible(page);
  });
});
