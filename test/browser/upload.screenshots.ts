import { join } from 'node:path';
import { desktop, folder, phone, shoot } from './support/shoot.js';
import { expect, test } from './support/story.js';

// The customer's pages, for `npm run screenshots`.

test('upload', async ({ page, desk }) => {
  const product = { name: 'backup-server', title: 'Backup Server' };
  const platform = await desk.given.platform(product);
  const { token } = await desk.given.ticket({ platform, ticket: 'SUP-48213', attempts: 5 });
  await page.goto(`${desk.url}/upload#${token.value}`);
  await expect(page.getByLabel('Choose files')).toBeAttached();
  await shoot(page, 'upload');
  const picked = (name: string, size: number) => ({
    name,
    mimeType: 'application/gzip',
    buffer: Buffer.alloc(size, name),
  });
  const choose = page.getByLabel('Choose files');
  await choose.setInputFiles([picked('agent-logs.zip', 4_200_000), picked('журналы.7z', 900_000)]);
  await expect(page.getByText('2 files received in full')).toBeVisible();
  await shoot(page, 'upload-receipt');
  await page.emulateMedia({ media: 'print' });
  await page.screenshot({ path: join(folder, 'upload-receipt-print.png'), fullPage: true });
  await page.emulateMedia({ media: null });
  // The line is dead from here on.
  await page.route('**/api/v1/uploads/*', (route) => route.abort());
  await choose.setInputFiles([
    picked('support-bundle-node-3.tar.gz', 9_000_000),
    picked('diagnostics-2026-11-20.tgz', 30_000_000),
    picked('empty.log', 0),
  ]);
  await page.getByRole('button', { name: 'Pause diagnostics' }).click();
  await expect(page.getByRole('main')).toContainText('The service cannot be reached.');
  await page.getByText('Send from a command line instead').click();
  await shoot(page, 'upload-under-way');
  await page.setViewportSize(phone);
  await shoot(page, 'upload-under-way-phone');
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  const spent = await desk.given.ticket({ ticket: 'SUP-48214', attempts: 1 });
  await desk.given.archive({ name: 'diagnostics-2026-11-20.tgz', way: 'put' }, spent.token);
  page.once('dialog', (dialog) => void dialog.accept());
  await page.goto('about:blank');
  await page.goto(`${desk.url}/upload#${spent.token.value}`);
  await expect(page.getByRole('alert')).toBeVisible();
  await shoot(page, 'upload-spent-ru-phone');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('upload by the plain form', async ({ page, desk }) => {
    const { token } = await desk.given.ticket({ ticket: 'SUP-48215', attempts: 3 });
    const send = async (value: string): Promise<void> => {
      await page.goto(`${desk.url}/upload`);
      await page.getByLabel('Upload token').fill(value);
      const buffer = Buffer.alloc(4_200_000, 'logs');
      await page
        .getByLabel('File')
        .setInputFiles({ name: 'agent-logs.zip', mimeType: 'application/zip', buffer });
      await page.getByRole('button', { name: 'Send' }).click();
    };
    await page.goto(`${desk.url}/upload`);
    await shoot(page, 'upload-plain');
    await page.setViewportSize(phone);
    await shoot(page, 'upload-plain-phone');
    await send(token.value);
    await shoot(page, 'upload-plain-receipt-phone');
    await page.setViewportSize(desktop);
    await shoot(page, 'upload-plain-receipt');
    await send('lct_');
    await shoot(page, 'upload-plain-refused');
  });
});
