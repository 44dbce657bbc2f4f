// Writes what the program is made of, as CycloneDX, to the file that is named, or to standard output.
const { execFileSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const asked = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
const bom = JSON.parse(
  execFileSync('npm', asked, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    stdio: ['ignore', 'pipe', 'inherit'],
  }),
);
// npm names it after the folder that it lies in.
bom.metadata.component.name = name;
const [, , path] = process.argv;
const text = `${JSON.stringify(bom, null, 2)}\n`;
if (path === undefined) process.stdout.write(text);
else writeFileSync(path, text);
