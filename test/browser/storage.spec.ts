import { admin } from '../support/given.js';
import { expect, expectAccessible, signIn, test, withDesk } from './support/story.js';

interface Storage {
  readonly usedPercent: number;
  readonly archives: { readonly count: number; readonly bytes: number };
}

test('the storage is seen at one look', async ({ page, context, desk }) => {
  await desk.given.archive({ bytes: 'x'.repeat(12_400) });
  const person = await desk.given.engineer(`storage-${process.pid}`);
  const { body } = await person.api.get('/storage').expect(200);
  const { usedPercent, archives } = body as Storage;
  await signIn(context, desk, person);
  await page.goto(desk.url);
  await page.getByRole('link', { name: 'Storage', exact: true }).click();
  const dial = page.getByRole('progressbar', { name: 'Used space' });
  await expect(dial).toContainText('%');
  const shown = Number(await dial.getAttribute('aria-valuenow'));
  expect(Math.abs(shown - usedPercent)).toBeLessThan(5);
  await expect(page.getByText(/free of/)).toBeVisible();
  expect(archives.count).toBeGreaterThan(0);
  const shares = page.getByRole('region', { name: 'What takes the space' });
  await expect(shares.getByText(`${archives.count} archive`)).toBeVisible();
  await expect(page.getByText('MIN_FREE_BYTES')).toBeVisible();
  await expectAccessible(page);
});

test('little room and none are said in words', async ({ page, context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
  const gigabyte = 1_000_000_000;
  let used = 88;
  await page.route('**/api/v1/storage', (route) =>
    route.fulfill({
      json: {
        total: 100 * gigabyte,
        used: used * gigabyte,
        free: (100 - used) * gigabyte,
        usedPercent: used,
        archives: { count: 1234, bytes: 40 * gigabyte },
      },
    }),
  );
  await page.goto(`${desk.url}/storage`);
  await expect(page.getByText('Room is getting short')).toBeVisible();
  await expect(page.getByText('12 GB free of 100 GB')).toBeVisible();
  await expectAccessible(page);
  used = 99;
  await page.reload();
  await expect(page.getByText('There is hardly any room')).toBeVisible();
  await expectAccessible(page);
});

test('what was stored day by day is a picture and a table, with how long the room lasts', async ({
  page,
  context,
}) => {
  const firstAdmin = { ADMIN_USERNAME: admin.username, ADMIN_PASSWORD: admin.password };
  await withDesk(firstAdmin, async (desk) => {
    await desk.given.archive({ bytes: 'x'.repeat(3_000) });
    await signIn(context, desk, await desk.given.admin());
    await page.goto(`${desk.url}/storage`);
    const panel = page.getByRole('region', { name: 'Stored in the last 30 days' });
    await expect(panel.getByText('not enough history yet')).toBeVisible();
    await expect(panel.getByRole('img', { name: /Most of all on .*: 3 kB/ })).toBeVisible();
    await expect(panel.locator('canvas')).toBeVisible();
    await expect(panel.getByRole('figure')).toContainText('3 kB in all, 1 archive');
    await panel.getByText('As a table').click();
    await expect(panel.getByRole('row')).toHaveCount(32);
    await expect(panel.getByRole('row').nth(1)).toContainText('3 kB');
    await panel.locator('.u-over').hover({ position: { x: 100, y: 60 } });
    await expect(panel.getByRole('figure')).toContainText('0 bytes, 0 archives');
    await expectAccessible(page);
  });
});
