import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolderUnusable, SecretKeyDamaged, keptSecretKey } from './secret-key-file.js';

describe('the generated secret key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secret-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once, for its owner alone, and kept', () => {
    const key = keptSecretKey(join(folder, 'new'));
    expect(key.length).toBeGreaterThanOrEqual(32);
    expect(keptSecretKey(join(folder, 'new'))).toBe(key);
    expect(readdirSync(join(folder, 'new'))).toEqual(['secret.key']);
    expect(statSync(join(folder, 'new/secret.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'new/secret.key'), 'utf8')).toBe(key);
  });

  it.each(['', '\n', 'half a key'])('is never taken from a file that holds %j', (text) => {
    writeFileSync(join(folder, 'secret.key'), text);
    expect(() => keptSecretKey(folder)).toThrow(SecretKeyDamaged);
  });

  it('is not made where no folder can be, which is said at once', () => {
    writeFileSync(join(folder, 'file'), '');
    for (const path of [join(folder, 'file/data'), '/proc/x/data'])
      expect(() => keptSecretKey(path)).toThrow(DataFolderUnusable);
  });
});
