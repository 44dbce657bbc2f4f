import { join } from 'node:path';
import type { Page } from '@playwright/test';

export const folder = join(__dirname, '../../../screenshots');
export const phone = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 860 };

/** A picture in both themes. */
export const shoot = async (page: Page, name: string, fullPage = true): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(350);
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage });
  }
  await page.emulateMedia({ colorScheme: null });
};
