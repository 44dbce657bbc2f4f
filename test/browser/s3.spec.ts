import { readFileSync } from 'node:fs';
import { s3Credentials, startedS3 } from '../support/s3-server.js';
import { expect, expectAccessible, firstAdmin, signIn, test, withDesk } from './support/story.js';

test('archives in S3 come to the browser straight from there, and have no end of room', async ({
  page,
  context,
}) => {
  const s3 = await startedS3();
  const env = { ...firstAdmin, ...s3Credentials, STORAGE_URL: s3.storageUrl() };
  await withDesk(env, async (desk) => {
    const { number, token } = await desk.given.ticket();
    await desk.given.archive({ name: 'журнал.log', way: 'put', bytes: 'abc' }, token);
    await signIn(context, desk, await desk.given.admin());
    await page.goto(`${desk.url}/tickets/${number}`);
    const download = page.getByRole('link', { name: 'Download журнал.log' });
    s3.requests.length = 0;
    const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
    expect(file.suggestedFilename()).toBe('журнал.log');
    expect(readFileSync(await file.path(), 'utf8')).toBe('abc');
    expect(s3.requests.join()).toContain('X-Amz-Signature=');

    await page.goto(`${desk.url}/storage`);
    await expect(page.getByText('3 bytes, 1 archive')).toBeVisible();
    await expect(page.getByText(/no volume that could fill up\. It grows/)).toBeVisible();
    const limits = page.getByRole('region', { name: 'What limits uploads' });
    await expect(limits.getByText('MAX_UPLOAD_BYTES')).toBeVisible();
    await expect(limits.getByText('MIN_FREE_BYTES')).toHaveCount(0);
    await expectAccessible(page);
    await page.goto(desk.url);
    const room = page.getByRole('region', { name: 'Free space' });
    await expect(room.getByText('no volume that could fill up')).toBeVisible();
    await expect(room.getByRole('progressbar')).toHaveCount(0);
    await expectAccessible(page);
  });
  await s3.stop();
});
