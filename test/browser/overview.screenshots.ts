import { admin } from '../support/given.js';
import { busy } from './support/busy-desk.js';
import { workedAt } from './support/desk-data.js';
import { desktop, phone, shoot } from './support/shoot.js';
import { expect, signIn, test, withDesk } from './support/story.js';

test('overview', async ({ page, context }) => {
  const firstAdmin = { ADMIN_USERNAME: admin.username, ADMIN_PASSWORD: admin.password };
  await withDesk(firstAdmin, async (desk) => {
    await signIn(context, desk, await desk.given.admin());
    await page.goto(desk.url);
    await expect(page.getByText('No tickets yet')).toBeVisible();
    await shoot(page, 'overview-empty');
    await workedAt(desk);
    await expect(page.getByText('All is well')).toBeVisible();
    await shoot(page, 'overview');
    const end = await busy(desk);
    await expect(page.getByText('items need attention')).toBeVisible();
    await expect(page.getByText(/\/s/).first()).toBeVisible();
    await shoot(page, 'overview-busy');
    await page.setViewportSize(phone);
    await shoot(page, 'overview-phone');
    await page.setViewportSize({ width: 1920, height: 1080 });
    await shoot(page, 'overview-wide');
    await page.setViewportSize(desktop);
    await page.evaluate(() => localStorage.setItem('language', 'ru'));
    await page.reload();
    await expect(page.getByText('Внимания требуют')).toBeVisible();
    await shoot(page, 'overview-ru');
    await end();
  });
});

test('storage', async ({ page, context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
  const terabyte = 1_000_000_000_000;
  let usedPercent = 41.5;
  await page.route('**/api/v1/storage', (route) => {
    const total = 2 * terabyte;
    const used = Math.round((total * usedPercent) / 100);
    const archives = { count: 1234, bytes: Math.round(0.8 * used) };
    return route.fulfill({ json: { total, used, free: total - used, usedPercent, archives } });
  });
  const days = Array.from({ length: 31 }, (_, index) => ({
    day: new Date(Date.UTC(2026, 9, 22 + index)).toISOString().slice(0, 10),
    count: index % 7 < 2 ? 3 : 40 + ((index * 37) % 23),
    bytes: 1e9 * (index % 7 < 2 ? 2 : 25 + ((index * 53) % 31)),
  }));
  const forecast = { outlook: 'filling', daysLeft: 41, bytesPerDay: 28.4e9, basedOnDays: 14 };
  await page.route('**/api/v1/storage/history', (route) =>
    route.fulfill({
      json: { days, room: { total: 2 * terabyte, free: terabyte, reserve: 1e9, forecast } },
    }),
  );
  await page.goto(`${desk.url}/storage`);
  await expect(page.getByText('There is room')).toBeVisible();
  await shoot(page, 'storage');
  usedPercent = 88.2;
  await page.setViewportSize(phone);
  await page.reload();
  await expect(page.getByText('Room is getting short')).toBeVisible();
  await shoot(page, 'storage-phone');
  usedPercent = 97;
  await page.setViewportSize(desktop);
  await page.evaluate(() => localStorage.setItem('language', 'ru'));
  await page.reload();
  await expect(page.getByText('Места почти нет')).toBeVisible();
  await shoot(page, 'storage-ru');
});
