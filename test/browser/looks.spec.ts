import { expect, expectAccessible, signIn, test } from './support/story.js';

test.describe('a Russian browser', () => {
  test.use({ locale: 'ru-RU' });

  test('gets Russian pages, numbers and times, and may choose English', async ({
    page,
    context,
    desk,
  }) => {
    const { number, token } = await desk.given.ticket({ ticket: `ru-${process.pid}`, attempts: 3 });
    await desk.given.archive({ bytes: 'x'.repeat(12_400) }, token);
    await signIn(context, desk, await desk.given.admin());
    await page.goto(`${desk.url}/tickets/${number}`);
    await expect(page.getByText('Осталось 2 попытки')).toBeVisible();
    await expect(page.getByText('12,4 кБ')).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'ru');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'English' }).click();
    await expect(page.getByText('2 attempts left')).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await page.reload();
    await expect(page.getByText('2 attempts left')).toBeVisible();
    await page.getByRole('button', { name: 'Русский' }).click();
    await page.getByRole('button', { name: 'Выйти' }).isVisible();
  });

  test('reads what went wrong in Russian', async ({ page, desk }) => {
    await page.goto(`${desk.url}/sign-in`);
    await page.getByLabel('Имя пользователя').fill('nobody');
    await page.getByLabel('Пароль').fill('nothing');
    await page.getByRole('button', { name: 'Войти' }).click();
    await expect(page.getByRole('alert')).toHaveText(
      'Проверьте имя пользователя и пароль и попробуйте снова.',
    );
  });
});

test('the theme follows the system until one is chosen, and then is there at once', async ({
  page,
  desk,
}) => {
  const background = () =>
    page.evaluate(() => getComputedStyle(document.body).backgroundColor.replace(/[^\d. ]/g, ''));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`${desk.url}/sign-in`);
  const light = await background();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.getByRole('button', { name: 'Light' }).click();
  expect(await background()).toBe(light);
  // Chosen before anything else of the page runs: as long as its script is held back, it draws nothing itself.
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route('**/assets/index-*.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.reload({ waitUntil: 'commit' });
  await expect(page.locator('#desk')).toBeAttached();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'day');
  await expect.poll(background).toBe(light);
  await expect(page.getByRole('heading')).toHaveCount(0);
  letGo();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true });

  test('nothing is wider than the screen, and the menu opens and closes', async ({
    page,
    context,
    desk,
  }) => {
    const long = 'x'.repeat(150);
    const ticket = `phone-${process.pid}-${'9'.repeat(40)}`;
    const { number, token } = await desk.given.ticket({ ticket, note: long });
    await desk.given.archive({ name: `${long}.tgz`, way: 'put' }, token);
    await signIn(context, desk, await desk.given.admin());
    const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
    await page.goto(`${desk.url}/tickets`);
    await expect(page.getByText(number)).toBeVisible();
    expect(await widest()).toBeLessThanOrEqual(360);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Open the menu' }).click();
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeHidden();
    await page.getByText(number).click();
    await expect(page.getByText(`${long}.tgz`)).toBeVisible();
    expect(await widest()).toBeLessThanOrEqual(360);
    await expectAccessible(page);
    await page.goto(`${desk.url}/upload#lct_${'x'.repeat(32)}`);
    await expect(page.getByLabel('Upload token')).toHaveValue(`lct_${'x'.repeat(32)}`);
    expect(page.url()).toBe(`${desk.url}/upload`);
    expect(await widest()).toBeLessThanOrEqual(360);
    await expectAccessible(page);
  });
});
