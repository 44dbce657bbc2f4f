import { existsSync } from 'node:fs';

/**
 * The distribution's Chromium, as operators and CI have it; nothing is downloaded.
 * @returns null where there is none, once it is said on standard error
 */
export const chromiumPath = (): string | null => {
  const places = [process.env['CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  const found = places.find((path) => path !== '' && existsSync(path));
  if (found === undefined)
    process.stderr.write(
      'This needs Chromium: apt-get install chromium, or name one by CHROMIUM=/path/to/it.\n',
    );
  return found ?? null;
};

const isRoot = process.getuid?.() === 0;

/** Chromium has no sandbox for root, and asks nobody else's host anything. */
export const chromiumArguments: readonly string[] = [
  ...(isRoot ? ['--no-sandbox'] : []),
  '--disable-background-networking',
];
