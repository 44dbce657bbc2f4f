// Reads package-lock.json, of this folder or the one named, for what `npm ci` and `npm audit` would not tell here.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Versions below these have known holes or lack what the program relies on. */
const floors = {
  multer: '2.5.0',
  typeorm: '1.1.0',
  'path-to-regexp': '8.4.2',
  qs: '6.14.2',
};

const root = process.argv[2] ?? join(__dirname, '..');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const isBelow = (version, floor) => {
  const numbers = (text) => text.split('-')[0].split('.').map(Number);
  const [one, other] = [numbers(version), numbers(floor)];
  const at = other.findIndex((number, index) => one[index] !== number);
  return at >= 0 && one[at] < other[at];
};

/** Where Node would find `name` from within the package at `path`. */
const isLocked = (path, name) => {
  for (
    let folder = path;
    ;
    folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')
  ) {
    if (packages[`${folder ? `${folder}/` : ''}node_modules/${name}`]) return true;
    if (!folder) return false;
  }
};

const problems = [];
for (const [path, entry] of Object.entries(packages)) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  // A registry that lags lacks the newest platform packages; npm then writes a lock file that `npm ci` refuses.
  for (const needed of Object.keys(entry.optionalDependencies ?? {}))
    if (!isLocked(path, needed))
      problems.push(`${path || manifest.name} needs ${needed}, which the lock lacks`);
  if (path === '') continue;
  if (!entry.integrity && !entry.inBundle && !entry.link) problems.push(`${path} has no integrity`);
  if (/^(git|http:|file:)/.test(entry.resolved ?? ''))
    problems.push(`${path} comes from ${entry.resolved}, not from the registry`);
  const floor = floors[name];
  // What only tests and tools load meets no stranger.
  if (floor && !entry.dev && isBelow(entry.version, floor))
    problems.push(`${path} is ${entry.version}; at least ${floor} is needed`);
  // Whoever adds it finds out what it is for: it does not run (.npmrc).
  if (entry.hasInstallScript && !Object.hasOwn(manifest.allowScripts ?? {}, name))
    problems.push(
      `${path} has an install script; see what is missing without it, and name it in allowScripts`,
    );
}
for (const [name, version] of Object.entries({
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.optionalDependencies,
}))
  if (!/^\d/.test(version)) problems.push(`package.json: ${name} is ${version}; pin it exactly`);

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
