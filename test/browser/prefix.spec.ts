import { createHash, randomBytes } from 'node:crypto';
import { Given } from '../support/given.js';
import { prefixProxy } from '../support/prefix-proxy.js';
import { expect, firstAdmin, test, withDesk } from './support/story.js';

for (const how of ['cut', 'whole'] as const)
  test(`below a path of its host, which the proxy passes on ${how}, everything is found`, async ({
    page,
    context,
  }) => {
    const proxy = await prefixProxy('/team/logs', how);
    await withDesk({ ...firstAdmin, PUBLIC_URL: proxy.url }, async (desk) => {
      proxy.aim(desk.url);
      const given = new Given(proxy.url);
      const strayed: string[] = [];
      page.on('response', (response) => {
        const { pathname, protocol } = new URL(response.url());
        if (protocol !== 'data:' && !pathname.startsWith('/team/logs')) strayed.push(pathname);
      });
      const { number, token } = await given.ticket({ ticket: 'BELOW-1', attempts: 2 });

      // The customer.
      await page.goto(`${proxy.url}/upload#${token.value}`);
      await expect(page.getByText(`for ticket ${number}`)).toBeVisible();
      const bytes = randomBytes(2_000_000);
      const file = { name: 'below.tgz', mimeType: 'application/gzip', buffer: bytes };
      await page.getByLabel('Choose files').setInputFiles(file);
      const digest = createHash('sha256').update(bytes).digest('hex');
      await expect(page.getByRole('region', { name: 'Receipt' })).toContainText(digest);
      await page.getByText('Send from a command line instead').click();
      await expect(page.getByText(`${proxy.url}/api/v1/archives`)).toBeVisible();
      await expect(page.getByText(`curl -fsSO ${proxy.url}/upload.sh`)).toBeVisible();

      // The engineer, who comes by a link from elsewhere.
      const { account } = await given.engineer('ann');
      await page.goto(`${proxy.url}/tickets/${number}`);
      await page.getByLabel('User name').fill(account.username);
      await page.getByLabel('Password', { exact: true }).fill(account.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Use a recovery code' }).click();
      await page.getByLabel('Recovery code').fill(account.recoveryCodes.pop() ?? '');
      await page.getByRole('button', { name: 'Continue' }).click();
      await expect(page).toHaveURL(`${proxy.url}/tickets/${number}`);
      await expect(page.getByText('below.tgz')).toBeVisible();
      const [cookie] = await context.cookies(`${proxy.url}/`);
      expect(cookie).toMatchObject({ name: 'lc_session', path: '/team/logs/' });
      const downloading = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Download' }).click();
      expect((await downloading).suggestedFilename()).toBe('below.tgz');
      const main = page.getByRole('navigation');
      await main.getByRole('link', { name: 'Platforms' }).click();
      await expect(page).toHaveURL(`${proxy.url}/platforms`);
      await page.reload();
      await expect(page.getByRole('heading', { name: 'Platforms' })).toBeVisible();
      await page.goto(`${proxy.url}/no-such-page`);
      await page.getByRole('link').first().click();
      await expect(page.getByText(number)).toBeVisible();
      expect(strayed).toEqual([]);
    });
  });

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the form and its answer stay below the path', async ({ page }) => {
    const proxy = await prefixProxy('/logs', 'cut');
    await withDesk({ ...firstAdmin, PUBLIC_URL: proxy.url }, async (desk) => {
      proxy.aim(desk.url);
      const { token } = await new Given(proxy.url).ticket();
      await page.goto(`${proxy.url}/upload`);
      await page.getByLabel('Upload token').fill(token.value);
      const file = { name: 'a.tgz', mimeType: 'application/gzip', buffer: Buffer.from('logs') };
      await page.getByLabel('File').setInputFiles(file);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('link', { name: 'Send another file' }).click();
      await expect(page).toHaveURL(`${proxy.url}/upload`);
      await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
    });
  });
});
