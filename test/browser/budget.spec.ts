import type { Page } from '@playwright/test';
import { expect, signIn, test } from './support/story.js';

/** kB of 1000 bytes, as they come over the wire: the service sends what the build compressed (brotli, or gzip). */
interface Weight {
  readonly script: number;
  readonly style: number;
}

const weigh = async (page: Page, open: () => Promise<void>): Promise<Weight> => {
  const bytes = { script: 0, style: 0 };
  const sizes: Promise<void>[] = [];
  page.on('requestfinished', (request) => {
    const { pathname } = new URL(request.url());
    const kind = pathname.endsWith('.js') ? 'script' : pathname.endsWith('.css') ? 'style' : null;
    if (kind)
      sizes.push(
        request.sizes().then(({ responseBodySize }) => {
          bytes[kind] += responseBodySize;
        }),
      );
  });
  await open();
  await Promise.all(sizes);
  return { script: bytes.script / 1000, style: bytes.style / 1000 };
};

test('the engineer’s first page is small', async ({ page, context, desk }) => {
  const { number } = await desk.given.ticket({ ticket: `light-${process.pid}` });
  await signIn(context, desk, await desk.given.admin());
  const weight = await weigh(page, async () => {
    await page.goto(desk.url);
    await expect(page.getByText(number)).toBeVisible();
  });
  test.info().annotations.push({ type: 'kB', description: JSON.stringify(weight) });
  expect(weight.script).toBeGreaterThan(10);
  expect(weight.script).toBeLessThanOrEqual(120);
  expect(weight.style).toBeGreaterThan(3);
  expect(weight.style).toBeLessThanOrEqual(30);
});

test('the customer’s page is smaller still', async ({ page, desk }) => {
  const weight = await weigh(page, async () => {
    await page.goto(`${desk.url}/upload`);
    await expect(page.getByRole('button', { name: 'Continue' })).toBeVisible();
  });
  expect(weight.script).toBeGreaterThan(10);
  expect(weight.script).toBeLessThan(60);
});

test('assets are kept for a year, pages never, and nothing comes from elsewhere', async ({
  page,
  desk,
}) => {
  const elsewhere: string[] = [];
  const kept: Record<string, string | undefined> = {};
  page.on('response', (response) => {
    const url = new URL(response.url());
    if (url.origin !== desk.url && url.protocol !== 'data:') elsewhere.push(url.href);
    kept[url.pathname] = response.headers()['cache-control'];
  });
  await page.goto(`${desk.url}/sign-in`);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(elsewhere).toEqual([]);
  const assets = Object.entries(kept).filter(([path]) => path.startsWith('/assets/'));
  expect(assets.length).toBeGreaterThan(3);
  for (const [, value] of assets) expect(value).toBe('public, max-age=31536000, immutable');
  expect(kept['/sign-in']).toBe('no-store');
});
