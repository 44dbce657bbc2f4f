import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { escaped } from './html.js';

export const codings = ['br', 'gzip'] as const;
export type Coding = (typeof codings)[number];

/** A file of the web UI, with what `npm run build` compressed of it. */
export interface BuiltFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly coded: Readonly<Partial<Record<Coding, Buffer>>>;
}

/** By name within dist/web: `index.html`, `assets/index-….js`. */
export type BuiltPages = ReadonlyMap<string, BuiltFile>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

const endings = { br: '.br', gzip: '.gz' } as const satisfies Record<Coding, string>;

/** Beside the sources in a test, and beside `dist/src` once built. */
const folders = [join(__dirname, '../../web'), join(__dirname, '../../dist/web')];

/** Pages name all that they need as if it lay beside them (`./assets/…`): which path that is only the service knows. */
const placed = (page: Buffer, prefix: string): BuiltFile => {
  const html = page.toString().replace(/ (href|src|action)="\.\//g, ` $1="${escaped(prefix)}/`);
  const plain = Buffer.from(html);
  const coded = { br: brotliCompressSync(plain), gzip: gzipSync(plain) };
  return { type: types['.html'] ?? '', plain, coded };
};

/**
 * All files of the built web UI; empty where it was not built. They are few and small: read once, a request never
 * becomes a path.
 * @param prefix the path that PUBLIC_URL has, without a slash at its end
 */
export const builtPages = (
  prefix: string,
  folder = folders.find((one) => existsSync(join(one, 'assets'))),
): BuiltPages => {
  const pages = new Map<string, BuiltFile>();
  if (folder === undefined) return pages;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const path = join(folder, name);
    if (extname(name) === '.html') {
      pages.set(name, placed(readFileSync(path), prefix));
      continue;
    }
    const coded: Partial<Record<Coding, Buffer>> = {};
    for (const coding of codings)
      if (existsSync(path + endings[coding])) coded[coding] = readFileSync(path + endings[coding]);
    pages.set(name.replaceAll('\\', '/'), { type, plain: readFileSync(path), coded });
  }
  return pages;
};
