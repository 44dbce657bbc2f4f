import { randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { upload } from '../support/upload.js';
import { expect, expectAccessible, firstAdmin, test, withDesk } from './support/story.js';
import type { Desk } from './support/story.js';
import { picked } from './support/upload-page.js';

const said = {
  'en-GB': {
    choose: 'Choose files',
    files: 'Files under way',
    locked: 'Too many uploads failed, so this link is locked. Ask the support engineer',
    quota: 'There is no room left for this product’s files. Tell the support engineer.',
    full: 'The storage is full. Tell the support engineer.',
    busy: 'The service is busy or restarting. The upload resumes automatically.',
    limited: 'Too many tries. Wait a moment, then try again.',
    spent: 'All files that this link allows have been sent. Ask the support engineer',
  },
  'ru-RU': {
    choose: 'Выберите файлы',
    files: 'Отправка файлов',
    locked: 'Слишком много неудачных загрузок, ссылка заблокирована. Попросите у инженера',
    quota: 'Место для файлов этого продукта закончилось. Сообщите инженеру поддержки.',
    full: 'Хранилище заполнено. Сообщите инженеру поддержки.',
    busy: 'Сервис занят или перезапускается. Отправка продолжится сама.',
    limited: 'Слишком много попыток. Немного подождите и повторите.',
    spent: 'По этой ссылке уже отправлены все разрешённые файлы. Попросите у инженера',
  },
} as const;

for (const locale of ['en-GB', 'ru-RU'] as const)
  test.describe(`what no file can come through (${locale})`, () => {
    test.use({ locale });
    const words = said[locale];
    const under = (page: Page) => page.getByRole('region', { name: words.files });

    const sent = async (page: Page, { url }: Desk, token: string, bytes = 1000): Promise<void> => {
      await page.goto(`${url}/upload#${token}`);
      await page.getByLabel(words.choose).setInputFiles(picked('late.tgz', randomBytes(bytes)));
    };

    test('is said by the token, the product and the storage', async ({ page }) => {
      const env = { ...firstAdmin, TOKEN_MAX_FAILURES: '2' };
      await withDesk(env, async (desk) => {
        const locked = await desk.given.uploadToken();
        for (const bytes of ['', '']) await upload(desk.url, locked, { bytes });
        await page.goto(`${desk.url}/upload#${locked.value}`);
        await expect(page.getByRole('alert')).toContainText(words.locked);
        await expect(page.getByLabel(words.choose)).toHaveCount(0);
        await expectAccessible(page);

        const platform = await desk.given.platform({ quotaBytes: 500 });
        const { token } = await desk.given.ticket({ platform });
        await sent(page, desk, token.value);
        await expect(under(page)).toContainText(words.quota);
        await expectAccessible(page);

        // More files than attempts: as many as there are arrive, and the others say why not.
        const one = await desk.given.ticket({ attempts: 1 });
        await page.goto(`${desk.url}/upload#${one.token.value}`);
        await page
          .getByLabel(words.choose)
          .setInputFiles(['a', 'b', 'c'].map((name) => picked(name, randomBytes(1000))));
        await expect(under(page).getByText(words.spent)).toHaveCount(2);
        await expect(page.getByRole('listitem')).toHaveCount(3);
        await page.goto('about:blank');
      });
      await withDesk({ ...firstAdmin, MIN_FREE_BYTES: String(2 ** 52) }, async (desk) => {
        const { value } = await desk.given.uploadToken();
        await sent(page, desk, value);
        await expect(under(page)).toContainText(words.full);
        await page.goto('about:blank');
      });
    });

    test('passes by itself, where it passes', async ({ page, desk }) => {
      const { value } = await desk.given.uploadToken();
      const problem = (code: string) => ({
        status: 503,
        headers: { 'Retry-After': '10' },
        json: { type: code, title: code, status: 503, detail: code, code, requestId: 'r' },
      });
      let isBusy = true;
      await page.route('**/api/v1/uploads', (route) =>
        isBusy ? route.fulfill(problem('too-many-uploads')) : route.continue(),
      );
      await sent(page, desk, value);
      await expect(under(page)).toContainText(words.busy);
      isBusy = false;
      await expect(under(page)).toHaveCount(0);

      await page.route('**/api/v1/upload-token', (route) => route.fulfill(problem('rate-limited')));
      await page.goto(`${desk.url}/upload#${value.replace('lct_', 'lct_a')}`);
      await expect(page.getByRole('main')).toContainText(words.limited);
      await expectAccessible(page);
      await page.unrouteAll();
      await page.goto(`${desk.url}/upload#${value}`);
      await expect(page.getByLabel(words.choose)).toBeAttached();
    });
  });
