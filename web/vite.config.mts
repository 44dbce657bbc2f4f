import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, transformWithOxc } from 'vite';
import type { Plugin } from 'vite';
import { messages } from './messages.mjs';

const root = import.meta.dirname;
const outDir = join(root, '../dist/web');

/**
 * The chosen theme has to be known before the first pixel, or a dark page flashes white. A module is too late and the
 * Content-Security-Policy takes nothing inline: so a small script file of its own, which the page waits for.
 */
const earlyTheme = (): Plugin => {
  const source = join(root, 'src/lib/theme/early.ts');
  const compiled = async (): Promise<string> =>
    (await transformWithOxc(readFileSync(source, 'utf8'), source)).code;
  return {
    name: 'early-theme',
    configureServer(server) {
      server.middlewares.use('/early-theme.js', (_req, res) => {
        void compiled().then((code) => res.setHeader('Content-Type', 'text/javascript').end(code));
      });
    },
    async buildStart() {
      if (this.environment.mode === 'build')
        this.emitFile({ type: 'asset', name: 'theme.js', source: await compiled() });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const made = Object.keys(bundle ?? {}).find((name) => /\/theme-[^/]+\.js$/.test(name));
        const src = made === undefined ? '/early-theme.js' : `./${made}`;
        return [{ tag: 'script', attrs: { src }, injectTo: 'head-prepend' }];
      },
    },
  };
};

/** Compressed once here instead of at every request; but not the pages, in which the service writes where it stands. */
const precompressed = (): Plugin => ({
  name: 'precompressed',
  apply: 'build',
  writeBundle({ dir = outDir }) {
    for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(js|css|svg)$/.test(name)) continue;
      const path = join(dir, name);
      const bytes = readFileSync(path);
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      writeFileSync(`${path}.br`, brotliCompressSync(bytes, quality));
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    }
  },
});

export default defineConfig({
  root,
  // Nothing built knows the path that PUBLIC_URL has: scripts find each other, the service completes the pages.
  base: './',
  publicDir: false,
  plugins: [
    paraglideVitePlugin(messages),
    tailwindcss(),
    svelte({ configFile: false }),
    earlyTheme(),
    precompressed(),
  ],
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // The policy allows no data: fonts or scripts, and a picture of ours is a file.
    assetsInlineLimit: 0,
    // Every browser that runs the page knows modulepreload.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [join(root, 'index.html'), join(root, 'upload.html')],
      checks: { bundlerTimings: false },
    },
  },
  server: {
    port: 5173,
    strictPort: true,
    // `npm run web:dev` beside a running service. The API looks at where a request comes from.
    proxy: { '/api': { target: 'http://127.0.0.1:8000', changeOrigin: false } },
  },
});
