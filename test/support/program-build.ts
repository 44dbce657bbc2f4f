import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { transformFileSync } from '@swc/core';

// Jest starts this file outside of its module system, so it may import nothing of ours.

const root = resolve(__dirname, '../..');
/** Within node_modules, so that the program finds its packages from there. */
const folder = join(root, 'node_modules/.cache/logs-collector-program');

/** The program as `npm run build` makes it, less the check of types, for tests that kill a real process. */
export const programPath = join(folder, 'dist/src/cli.js');

/** One of the programs of test/programs, which use the service's parts in a process that may be killed. */
export const testProgram = (name: string): string => join(folder, `dist/test/programs/${name}.js`);

/** What Node has compiled of the program and its packages serves the next process: a quarter of a start's time. */
export const compileCache = { NODE_COMPILE_CACHE: join(folder, 'compile-cache') };

/** Two runs may build at once: each file is replaced whole, and only where it changed. */
const replace = (path: string, text: string): void => {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, text);
  renameSync(aside, path);
};

const compile = (source: string): string =>
  transformFileSync(join(root, source), {
    configFile: false,
    swcrc: false,
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
  }).code;

/** Run once before all tests; it takes a fifth of a second. */
export default function buildProgram(): void {
  for (const part of ['src', 'reader', 'migrations', 'test/programs'])
    for (const name of readdirSync(join(root, part), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.ts') && !name.endsWith('.spec.ts')) {
        const source = join(part, name);
        replace(join(folder, 'dist', source.replace(/ts$/, 'js')), compile(source));
      } else if (/\.(sh|json)$/.test(name)) {
        const source = join(part, name);
        replace(join(folder, 'dist', source), readFileSync(join(root, source), 'utf8'));
      }
  replace(join(folder, 'package.json'), readFileSync(join(root, 'package.json'), 'utf8'));
}
