import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const sources = join(__dirname, '../../web/src');

/** An address from the root of the host, where only `link` may write one: in markup, or asked for by hand. */
const fromRoot = /\b(?:href|src|action)=(?:"\/|\{?["'`]\/)|(?:fetch|EventSource)\(\s*["'`]\//g;

it('no page takes the root of the host for its own: PUBLIC_URL may have a path', () => {
  const found = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.startsWith('paraglide'))
    .flatMap((name) =>
      [...readFileSync(join(sources, name), 'utf8').matchAll(fromRoot)].map(
        ([address]) => `${name}: ${address}`,
      ),
    );
  expect(found).toEqual([]);
});

it('nor does a page as it is before it is built', () => {
  for (const page of ['index.html', 'upload.html']) {
    const html = readFileSync(join(sources, '..', page), 'utf8');
    const addresses = [...html.matchAll(/\b(?:href|src|action)="([^"]*)"/g)].map(([, one]) => one);
    // What lies in src is the build's to place.
    for (const address of addresses) expect(address).toMatch(/^(\.\/|\/src\/)/);
  }
});
