// Makes the tree that the image holds: the program in a few files, with the packages that cannot be in them.
//   node scripts/bundle.js <folder to make> [<folder that the program was built to>]
// Names and lines are left as they are: Nest, TypeORM and the log go by the names of classes, and an operator reads stack
// traces.
const {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { basename, dirname, join, relative, resolve, sep } = require('node:path');

const root = join(__dirname, '..');

/** What finds files beside itself, and what of it is needed; binaries are added for the platform. */
const carried = [
  { name: '@node-rs/argon2', files: ['index.js'] },
  {
    name: 'swagger-ui-dist',
    files: [
      'absolute-path.js',
      'favicon-16x16.png',
      'favicon-32x32.png',
      'swagger-ui-bundle.js',
      'swagger-ui-standalone-preset.js',
      'swagger-ui.css',
    ],
  },
];
const external = /^(better-sqlite3|@node-rs\/argon2|swagger-ui-dist)(\/|$)/;

/** Packages that others use where they are there, and that are not: the program has no use for them. */
const leftOut = [/^@nestjs\/(microservices|websockets)(\/|$)/];

const packageOf = (path) => {
  const at = path.lastIndexOf(`${sep}node_modules${sep}`);
  if (at < 0) return null;
  const [first, second] = path.slice(at + `${sep}node_modules${sep}`.length).split(sep);
  // A package has no such name; tests build the program to a folder of caches.
  if (first.startsWith('.')) return null;
  const name = first.startsWith('@') ? `${first}/${second}` : first;
  return join(path.slice(0, at), 'node_modules', name);
};

/** Where the package is found from within the folder; not by its `exports`, which may hide package.json. */
const installed = (name, from) => {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return path;
    if (folder === dirname(folder)) return null;
  }
};

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * V8 holds a file in memory with two bytes a character where a single one is beyond Latin-1: 7 MB more for the whole life
 * of the process. Without comments such characters stand in strings and patterns alone, where an escape means the same.
 */
const oneByte = (code) => {
  if (/String\.raw`[^`]*[^\0-\xff]|\\[^\0-\xff]/.test(code))
    throw new Error('The bundle has a character beyond Latin-1 where it cannot be escaped');
  return code.replace(
    /[^\0-\xff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
};

/** Bundles the program. @returns folders of the packages that are in it */
const bundleProgram = async (built, to) => {
  const { rolldown } = await import('rolldown');
  const unknown = [];
  const bundle = await rolldown({
    input: join(built, 'src/cli.js'),
    platform: 'node',
    external,
    onLog: (_level, log) => {
      const isLeftOut = leftOut.some((pattern) => pattern.test(log.exporter ?? log.id ?? ''));
      if (!(log.code === 'UNRESOLVED_IMPORT' && isLeftOut)) unknown.push(log);
    },
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    keepNames: true,
    comments: false,
    entryFileNames: 'cli.js',
    // All in one folder: the program finds its files from the folder that its code lies in.
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  mkdirSync(to, { recursive: true });
  for (const { fileName, code } of output) writeFileSync(join(to, fileName), oneByte(code));
  // One that is only missing here would be missed at the first request that needs it.
  if (unknown.length > 0) throw new Error(unknown.map(({ message }) => message).join('\n'));
  const modules = output.flatMap((chunk) => chunk.moduleIds ?? []);
  return new Set(modules.map(packageOf).filter((path) => path !== null));
};

/**
 * Bundles what runs in the sandbox, each program as one file: it may read nothing but its folder. Beside dist, as in a
 * build, since src/sandbox names it from there.
 */
const bundleSandboxed = async (built, to) => {
  const { rolldown } = await import('rolldown');
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(built).filter((file) => file.endsWith('.js'))) {
    const bundle = await rolldown({ input: join(built, name), platform: 'node' });
    const { output } = await bundle.generate({ format: 'cjs', keepNames: true, comments: false });
    await bundle.close();
    if (output.length > 1) throw new Error(`${name} is not one file`);
    writeFileSync(join(to, name), oneByte(output[0].code));
  }
};

/** better-sqlite3's package holds the binaries of all platforms. */
const sqliteHere = () => {
  const name = 'better-sqlite3';
  const folder = installed(name, root);
  const binary = require(join(folder, 'lib/binding.js')).getPrebuildPath();
  if (binary === null) throw new Error(`${name} has no binary for this platform`);
  return { name, files: ['lib', relative(folder, binary)] };
};

/** argon2's binary is a package for each platform; npm installs the one that fits. */
const argon2Here = () => {
  const folder = installed('@node-rs/argon2', root);
  const platforms = Object.keys(readJson(join(folder, 'package.json')).optionalDependencies)
    .filter((name) => installed(name, folder) !== null)
    .map((name) => ({ name, files: [`${basename(name)}.node`.replace('argon2-', 'argon2.')] }));
  if (platforms.length === 0) throw new Error('@node-rs/argon2 has no binary for this platform');
  return platforms;
};

/** The licences ask to go along with what they are for. */
const licences = (packages) =>
  [...packages]
    .map((folder) => {
      const { name, version, license } = readJson(join(folder, 'package.json'));
      const texts = readdirSync(folder)
        .filter((file) => /^(licen[cs]e|notice)/i.test(file))
        .map((file) => readFileSync(join(folder, file), 'utf8').trim());
      return [`${name} ${version}`, ...(texts.length > 0 ? texts : [String(license)])].join('\n\n');
    })
    .sort()
    .join(`\n\n${'-'.repeat(80)}\n\n`);

/** @param to made anew @param built what `npm run build` made */
const bundle = async (to, built = join(root, 'dist')) => {
  rmSync(to, { recursive: true, force: true });
  const program = join(to, 'dist/program');
  const packages = await bundleProgram(built, program);
  await bundleSandboxed(join(built, 'reader'), join(to, 'reader'));
  for (const { name, files } of [...carried, sqliteHere(), ...argon2Here()]) {
    const from = installed(name, root);
    packages.add(from);
    const into = join(to, 'node_modules', name);
    for (const file of ['package.json', ...files])
      cpSync(join(from, file), join(into, file), { recursive: true });
  }
  cpSync(join(built, 'src/static/upload-script/upload.sh'), join(program, 'upload.sh'));
  cpSync(join(built, 'web'), join(to, 'dist/web'), { recursive: true });
  cpSync(join(root, 'LICENSE'), join(to, 'LICENSE'));
  writeFileSync(join(to, 'THIRD-PARTY-LICENCES'), `${licences(packages)}\n`);
  const { name, version, license } = readJson(join(root, 'package.json'));
  writeFileSync(
    join(to, 'package.json'),
    `${JSON.stringify({ name, version, license, private: true }, null, 2)}\n`,
  );
};

module.exports = { bundle };

if (require.main === module) {
  const [, , to, built] = process.argv;
  if (to === undefined)
    throw new Error('node scripts/bundle.js <folder to make> [<built program>]');
  bundle(resolve(to), built && resolve(built)).catch((cause) => {
    console.error(cause instanceof Error ? cause.message : cause);
    process.exitCode = 1;
  });
}
