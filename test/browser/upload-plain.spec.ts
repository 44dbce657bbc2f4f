import { randomBytes } from 'node:crypto';
import axe from 'axe-core';
import type { Browser, Page } from '@playwright/test';
import { expect, expectAccessible, test } from './support/story.js';
import type { Desk } from './support/story.js';
import { onDisk, picked, sha256 } from './support/upload-page.js';

test.use({ javaScriptEnabled: false });

/** The page as it stands, in a browser that runs the checker's script and none of the page's. */
const expectPlainAccessible = async (page: Page, browser: Browser): Promise<void> => {
  const body = (await page.content()).replace(/<script[^]*?<\/script>/g, '');
  const context = await browser.newContext({
    javaScriptEnabled: true,
    viewport: page.viewportSize(),
  });
  await context.addInitScript({ content: axe.source });
  const copy = await context.newPage();
  await copy.route(page.url(), (route) => route.fulfill({ body, contentType: 'text/html' }));
  await copy.goto(page.url());
  await expectAccessible(copy);
  await context.close();
};

const send = async (
  page: Page,
  { url }: Desk,
  token: string,
  buffer: Buffer,
  name = 'plain.tgz',
): Promise<void> => {
  await page.goto(`${url}/upload`);
  await page.getByLabel('Upload token').fill(token);
  await page.getByLabel('File').setInputFiles(picked(name, buffer));
  await page.getByRole('button', { name: 'Send' }).click();
};

test('a customer sends a file by the form, and reads a receipt', async ({
  page,
  desk,
  browser,
}) => {
  const { number, token } = await desk.given.ticket({
    ticket: `plain-${process.pid}`,
    attempts: 2,
  });
  await page.goto(`${desk.url}/upload#${token.value}`);
  // At once, though with scripts it would wait for the page that takes its place.
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await expectPlainAccessible(page, browser);
  const bytes = randomBytes(300_000);
  const name = 'логи "ночь" <b>1.tgz';
  // The whole link serves as well as the token in it.
  await send(page, desk, `${desk.url}/upload#${token.value}`, bytes, name);
  await expect(page.getByRole('heading', { name: 'The file has arrived' })).toBeVisible();
  const main = page.getByRole('main');
  for (const part of [number, name, '300 kB (300,000 bytes)', sha256(bytes), '1 more file'])
    await expect(main).toContainText(part);
  expect(await page.content()).not.toContain(token.value);
  await expectPlainAccessible(page, browser);
  // It is the upload page's look, by its stylesheet.
  expect(
    await page.getByRole('main').evaluate((element) => getComputedStyle(element).maxWidth),
  ).not.toBe('none');
  await page.emulateMedia({ media: 'print' });
  await expect(main).toContainText(sha256(bytes));
  await expect(page.getByRole('link')).toHaveCount(0);
  await page.emulateMedia({ media: null });
  await page.getByRole('link', { name: 'Send another file' }).click();
  await expect(page.getByLabel('Upload token')).toHaveValue('');

  await send(page, desk, token.value, bytes);
  await expect(main).toContainText('All files that this token allows have been sent.');
  await expect(page.getByRole('link')).toHaveCount(0);
});

test('each refusal is a page that says what to do', async ({ page, desk, browser }) => {
  const { token } = await desk.given.ticket({ ticket: `plain-no-${process.pid}` });
  const platform = await desk.given.platform({ maxUploadBytes: 1000 });
  const small = await desk.given.ticket({ ticket: `plain-small-${process.pid}`, platform });
  const gone = await desk.given.ticket({ ticket: `plain-gone-${process.pid}`, lifetime: 1 });
  await expect
    .poll(async () => {
      const headers = { 'Upload-Token': gone.token.value };
      const answer = await fetch(`${desk.url}/api/v1/upload-token`, { headers });
      return ((await answer.json()) as { state: string }).state;
    })
    .toBe('expired');
  const logs = Buffer.from('logs');
  for (const [value, bytes, sentence] of [
    [`lct_${'x'.repeat(32)}`, logs, 'This link is not valid. Check that it was copied whole'],
    [gone.token.value, logs, 'This link has expired. Ask the support engineer for a new one.'],
    [token.value, Buffer.alloc(0), 'The file is empty. Choose another.'],
    [small.token.value, randomBytes(1001), 'The file is too large. Pack it better or split it.'],
  ] as const) {
    await send(page, desk, value, bytes);
    await expect(page.getByRole('heading', { name: 'The file was not stored' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText(sentence);
    expect(await page.content()).not.toContain(value);
  }
  await expectPlainAccessible(page, browser);
  await page.getByRole('link', { name: 'Back to the form' }).click();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});

test('a refusal is read also by a browser that is still sending', async ({ page, desk }) => {
  await page.goto(`${desk.url}/upload`);
  await page.getByLabel('Upload token').fill(`lct_${'x'.repeat(32)}`);
  // Much more than the service reads of what it has refused.
  await onDisk('large.tgz', Buffer.alloc(30_000_000, 'logs'), async (path) => {
    await page.getByLabel('File').setInputFiles(path);
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.getByRole('heading', { name: 'The file was not stored' })).toBeVisible();
  });
});

test.describe('in Russian, on a phone', () => {
  test.use({ locale: 'ru-RU', viewport: { width: 360, height: 740 }, hasTouch: true });

  test('the answers are Russian and fit', async ({ page, desk, browser }) => {
    const { token } = await desk.given.ticket({ ticket: `plain-ru-${process.pid}`, attempts: 5 });
    const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
    const bytes = randomBytes(10_000);
    await send(page, desk, token.value, bytes, `${'очень-длинное-имя-'.repeat(8)}.tgz`);
    await expect(page.getByRole('heading', { name: 'Файл получен' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('можно отправить ещё 4 файла.');
    expect(await widest()).toBeLessThanOrEqual(360);
    await expectPlainAccessible(page, browser);
    await send(page, desk, 'lct_', bytes);
    await expect(page.getByRole('main')).toContainText('Ссылка недействительна.');
    expect(await widest()).toBeLessThanOrEqual(360);
    await expectPlainAccessible(page, browser);
  });
});
