import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, signIn, test } from './support/story.js';

const saved = async (page: Page, button: string): Promise<string> => {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^logs-collector-audit-\d{4}-\d\d-\d\d\.(csv|jsonl)$/);
  return readFile(await file.path(), 'utf8');
};

test('the audit says who did what, is narrowed and looked into', async ({
  page,
  context,
  desk,
}) => {
  const { number } = await desk.given.ticket({ ticket: `seen-${process.pid}` });
  await signIn(context, desk, await desk.given.admin());
  await page.goto(desk.url);
  await page.getByRole('link', { name: 'Audit' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'Ticket created' }).first();
  await expect(row).toContainText(number);
  await expect(row).toContainText('root');
  await expect(row).toContainText('127.0.0.1');
  await page.getByText('Ticket created').last().click();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'All on the same' }).click();
  await expect(page).toHaveURL(`${desk.url}/audit?subject=${number}`);
  await expect(page.getByRole('region').getByText('Ticket created')).toBeVisible();
  await page.getByLabel('What was done').selectOption('Ticket deleted');
  await expect(page.getByText('Nothing found')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(page).toHaveURL(`${desk.url}/audit`);
  await page.getByLabel('Who: whole name').fill('nobody at all');
  await expect(page.getByText('Nothing found')).toBeVisible();
});

test('all that fits is saved, harmless in a spreadsheet', async ({ page, context, desk }) => {
  const { api, value } = await desk.given.apiKey(['tickets:write'], {
    name: `=HYPERLINK("${process.pid}")`,
  });
  const platform = await desk.given.platform();
  const count = 60;
  for (let index = 0; index < count; index += 1)
    await api
      .post('/tickets')
      .send({ platform, number: `csv-${process.pid}-${index}` })
      .expect(201);
  await signIn(context, desk, await desk.given.admin());
  const query = `action=ticket.created&actor=${encodeURIComponent(`=HYPERLINK("${process.pid}")`)}`;
  await page.goto(`${desk.url}/audit?${query}`);
  await expect(page.getByText('(API key)').first()).toBeVisible();
  const csv = await saved(page, 'Export as CSV');
  await expect(page.getByText(`${count} events are saved.`)).toBeVisible();
  const lines = csv.trimEnd().split('\r\n');
  expect(lines[0]).toMatch(/^\uFEFFat,actor,/);
  expect(lines).toHaveLength(count + 1);
  expect(lines[1]).toContain(`,"'=HYPERLINK(""${process.pid}"")",integration,`);
  const json = await saved(page, 'Export as JSON Lines');
  const events = json
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly action: string });
  expect(events).toHaveLength(count);
  expect(events[0]).toMatchObject({ action: 'ticket.created', subject: { kind: 'ticket' } });
  expect(csv + json).not.toContain(value);
});

test('an export goes on page by page, and can be given up', async ({ page, context, desk }) => {
  await desk.given.ticket({ ticket: `slow-${process.pid}` });
  await signIn(context, desk, await desk.given.admin());
  await page.goto(`${desk.url}/audit`);
  await expect(page.getByText('Ticket created').last()).toBeVisible();
  let pages = 0;
  // Of an endless audit, with a service that asks to go slower after the second page.
  await page.route('**/api/v1/audit-events?limit=200*', async (route) => {
    pages += 1;
    if (pages === 3) {
      await route.fulfill({
        status: 429,
        headers: { 'Retry-After': '1' },
        json: { code: 'rate-limited', detail: 'Wait', status: 429, requestId: 'x' },
      });
      return;
    }
    const answer = await route.fetch({
      url: route
        .request()
        .url()
        .replace(/&cursor=.*/, ''),
    });
    await route.fulfill({ json: { ...(await answer.json()), nextCursor: `page-${pages}` } });
  });
  await page.getByRole('button', { name: 'Export as JSON Lines' }).click();
  await expect(page.getByText(/events fetched/)).toBeVisible();
  await expect.poll(() => pages).toBeGreaterThan(4);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText(/events fetched/)).toBeHidden();
  await expect(page.getByText(/saved/)).toHaveCount(0);
});
