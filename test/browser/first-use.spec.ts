import { createHash } from 'node:crypto';
import { generateSync } from 'otplib';
import { expect, expectAccessible, test, withDesk } from './support/story.js';

const password = 'a long and unusual pass phrase 5';

test('first set-up to first download', async ({ page }) => {
  await withDesk({}, async ({ url, setupToken }) => {
    await page.goto(`${url}/setup#${setupToken}`);
    await expect(page.getByRole('heading', { name: 'Welcome' })).toBeVisible();
    expect(page.url()).toBe(`${url}/setup`);
    await expectAccessible(page);

    // A password that the service refuses is said beside its field.
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill('qwertyuiop');
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByText('Is among the first that an attacker tries')).toBeVisible();
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Create account' }).click();

    await expect(page.getByRole('heading', { name: 'Second factor' })).toBeVisible();
    const picture = page.getByAltText('QR code for the authenticator app');
    await expect(picture).toHaveJSProperty('complete', true);
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(
      50,
    );
    await page.getByText('No camera?').click();
    await expectAccessible(page);
    const secret = (await page.locator('code').innerText()).replaceAll(' ', '');
    await page.getByLabel('Then type the six digits').fill('000000');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByText('The code is wrong')).toBeVisible();
    await page.getByLabel('Then type the six digits').fill(generateSync({ secret }));
    await page.getByRole('button', { name: 'Confirm' }).click();

    await expect(page.getByRole('heading', { name: 'Recovery codes' })).toBeVisible();
    const codes = await page.getByRole('listitem').allInnerTexts();
    expect(codes).toHaveLength(10);
    await expect(page.getByRole('button', { name: 'Continue' })).toBeDisabled();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Copy' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(codes.join('\n'));
    const sheet = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await sheet).suggestedFilename()).toBe('logs-collector-recovery-codes.txt');
    await page.getByLabel('I have kept these codes').check();
    await page.getByRole('button', { name: 'Continue' }).click();

    await expect(page.getByText('No tickets yet')).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'New ticket' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name of the product').fill('Backup Server');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByLabel('Number').fill('SUP-48213');
    await dialog.getByLabel('Note').fill('Restore fails after the update');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Create ticket' }).click();
    await dialog.getByRole('button', { name: 'Copy the answer' }).click();
    const answer = await page.evaluate(() => navigator.clipboard.readText());
    expect(answer).toContain('ticket SUP-48213');
    expect(answer).toContain(`${url}/upload#lct_`);
    await expectAccessible(page);

    // The customer sends the file by curl's own way, as the answer says.
    const [, token = ''] = /Upload-Token: (lct_[\w-]+)/.exec(answer) ?? [];
    const bytes = Buffer.from('the logs of a long night\n'.repeat(1000));
    const sent = await fetch(`${url}/api/v1/archives/logs.tgz`, {
      method: 'PUT',
      headers: { 'Upload-Token': token },
      body: bytes,
    });
    expect(sent.status).toBe(201);

    await dialog.getByRole('link', { name: 'Open the ticket' }).click();
    await expect(page.getByRole('heading', { name: 'SUP-48213' })).toBeVisible();
    await expect(page.getByText('logs.tgz')).toBeVisible();
    await expect(page.getByText('25 kB')).toBeVisible();
    await expectAccessible(page);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const stream = await (await download).createReadStream();
    const hash = createHash('sha256');
    for await (const chunk of stream) hash.update(chunk as Buffer);
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect(hash.digest('hex')).toBe(expected);
    await expect(page.getByText(expected)).toBeVisible();
  });
});
