import { leaveJobs } from './support/jobs.js';
import { phone } from './support/shoot.js';
import { expect, expectAccessible, firstAdmin, signIn, test, withDesk } from './support/story.js';

test('an admin sees what waits, runs and failed, and retries it', async ({ page, context }) => {
  await withDesk(
    firstAdmin,
    async (desk) => {
      await signIn(context, desk, await desk.given.admin());
      await page.goto(desk.url);
      await page.getByRole('link', { name: 'Jobs' }).click();
      const rows = page.getByRole('region', { name: 'Jobs' }).getByRole('listitem');
      await expect(rows).toHaveCount(5);
      await expect(rows.filter({ hasText: 'Running' })).toContainText('Tried once');
      await expect(rows.filter({ hasText: 'due 2 minutes ago' })).toContainText('Not tried yet');
      const failed = rows.filter({ hasText: 'ENOSPC' });
      await expect(failed).toContainText('Failed');
      await expect(failed).toContainText('Tried 8 times · failed 3 days ago');
      await expect(page.getByRole('button', { name: /^Retry/ })).toHaveCount(2);
      await expectAccessible(page);

      await page.getByLabel('State').selectOption('Failed');
      await expect(page).toHaveURL(`${desk.url}/jobs?state=dead`);
      await expect(rows).toHaveCount(2);
      await page.reload();
      await expect(rows).toHaveCount(2);
      await failed.getByRole('button', { name: /^Retry copy/ }).click();
      await expect(page.getByText('copy runs again as soon as a worker is free.')).toBeVisible();
      await expect(rows).toHaveCount(1);
      await page.getByLabel('State').selectOption('Waiting');
      await expect(failed).toContainText('Not tried yet · due now');

      await page.getByLabel('State').selectOption('Failed');
      const { body } = await (await desk.given.admin()).api.get('/jobs?state=dead').expect(200);
      const [{ id }] = (body as { items: [{ id: string }] }).items;
      await (await desk.given.admin()).api.post(`/jobs/${id}/retry`).expect(202);
      // Somebody else was faster.
      await page.getByRole('button', { name: /^Retry delivery/ }).click();
      await expect(page.getByText('This job is waiting or running already.')).toBeVisible();
      await expect(page.getByText('No job is in this state.')).toBeVisible();
      await expectAccessible(page);

      await page.setViewportSize(phone);
      await page.goto(`${desk.url}/jobs`);
      await expect(rows).toHaveCount(5);
      await expectAccessible(page);
      const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
      expect(scrollWidth).toBe(clientWidth);
    },
    leaveJobs,
  );
});

test('a service without jobs says what they are', async ({ page, context, desk }) => {
  await signIn(context, desk, await desk.given.admin());
  await page.goto(`${desk.url}/jobs`);
  await expect(page.getByText('Background work of the service is listed here')).toBeVisible();
  await expectAccessible(page);
});
