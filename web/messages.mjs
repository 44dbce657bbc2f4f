import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '@inlang/paraglide-js';

const root = import.meta.dirname;

/** How messages/*.json become functions in src/paraglide, for Vite and for the checks alike. */
export const messages = {
  project: join(root, 'project.inlang'),
  outdir: join(root, 'src/paraglide'),
  /** @type {['localStorage', 'preferredLanguage', 'baseLocale']} */
  strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
  localStorageKey: 'language',
  isServer: 'false',
  emitReadme: false,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await compile(messages);
