import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { chromiumArguments, chromiumPath } from '../../scripts/chromium.js';

const chromium = chromiumPath();
if (chromium === null) process.exit(1);

const root = join(__dirname, '../..');

export default defineConfig({
  testDir: __dirname,
  testMatch: process.env['SCREENSHOTS'] ? ['screenshots.ts', '*.screenshots.ts'] : '*.spec.ts',
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
      args: [...chromiumArguments],
    },
  },
});
