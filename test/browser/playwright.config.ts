import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';

/** The distribution's, as operators and CI have it; nothing is downloaded. */
const chromium = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
].find((path) => path !== '' && existsSync(path));
if (chromium === undefined) {
  process.stderr.write(
    'The browser tests need Chromium: apt-get install chromium, or name one by CHROMIUM=/path/to/it.\n',
  );
  process.exit(1);
}

const isRoot = process.getuid?.() === 0;
const root = join(__dirname, '../..');

export default defineConfig({
  testDir: __dirname,
  testMatch: process.env['SCREENSHOTS'] ? 'screenshots.ts' : '*.spec.ts',
  outputDir: join(root, 'test-results'),
  workers: 2,
  timeout: 45_000,
  expect: { timeout: 7_000 },
  forbidOnly: process.env['CI'] !== undefined,
  reporter: [['list'], [join(__dirname, 'support/counts-reporter.cjs')]],
  use: {
    viewport: { width: 1280, height: 860 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    trace: 'retain-on-failure',
    contextOptions: { reducedMotion: 'reduce' },
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: {
      executablePath: chromium,
      // Chromium has no sandbox for root, and asks nobody else's host anything.
      args: [...(isRoot ? ['--no-sandbox'] : []), '--disable-background-networking'],
    },
  },
});
