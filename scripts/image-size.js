// How large the image is, uncompressed, without an engine to build it: the layers that this repository makes are measured,
// those that Alpine makes are taken from what it publishes, rounded up. Fails above the limit.
//   node scripts/image-size.js [<folder that the program was built to>]
const { lstatSync, mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { bundle } = require('./bundle.js');

const MB = 1_000_000;
const MiB = 1024 ** 2;
const limit = 150 * MB;

/** Looked up on 2026-11-21 for x86_64 and aarch64; look again with another ALPINE in the Dockerfile. */
const published = {
  // `apk add --no-cache nodejs` on alpine:3.20.3 ends with "OK: 61 MiB in 25 packages"; its Node.js 20 is at least the
  // 32.3 MiB that Node.js 16 is in Alpine 3.16's index (I:33898496).
  'Alpine with the libraries of nodejs': 29 * MiB,
  // New since then: sqlite-libs (2.2 MiB), simdjson (0.3), simdutf (not more than twice that).
  'libraries that nodejs 24 asks for besides': 3.2 * MiB,
  // https://pkgs.alpinelinux.org/package/v3.24/main/x86/nodejs: 24.18.1-r0, installed size 47.7 MiB; aarch64 47.6.
  'nodejs 24': 47.7 * MiB,
  // 42 kB with `musl-gcc -O2 -static -s`, rounded up for the compiler of Alpine.
  'launcher of the sandbox': 60_000,
};

const sizeOf = (path) => {
  const found = lstatSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
};

const main = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-collector-image-'));
  try {
    await bundle(join(folder, 'app'), process.argv[2]);
    const rows = {
      ...published,
      'the program': sizeOf(join(folder, 'app/dist/program')),
      'what runs in the sandbox': sizeOf(join(folder, 'app/reader')),
      'the web UI': sizeOf(join(folder, 'app/dist/web')),
      'packages beside it': sizeOf(join(folder, 'app/node_modules')),
      'licences, scripts':
        sizeOf(join(folder, 'app/THIRD-PARTY-LICENCES')) + sizeOf(join(__dirname, 'image')),
    };
    const total = Object.values(rows).reduce((sum, size) => sum + size, 0);
    const line = (what, size) => console.log(`${(size / MB).toFixed(1).padStart(6)} MB  ${what}`);
    for (const [what, size] of Object.entries(rows)) line(what, size);
    line(`the image, of ${limit / MB} MB at most`, total);
    if (total > limit) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

main().catch((cause) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 1;
});
