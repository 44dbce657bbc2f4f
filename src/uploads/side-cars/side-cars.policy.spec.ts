import { claimedDigestIn, sideCarOf } from './side-cars.policy.js';

describe('a side-car is known by its name', () => {
  it.each([
    ['logs.tgz.md5', 'logs.tgz', 'md5'],
    ['logs.tgz.sha256', 'logs.tgz', 'sha256'],
    ['LOGS.TGZ.MD5', 'LOGS.TGZ', 'md5'],
    ['logs.Sha256', 'logs', 'sha256'],
    ['a.md5.sha256', 'a.md5', 'sha256'],
    ['журнал.tgz.md5', 'журнал.tgz', 'md5'],
    ['..md5', '.', 'md5'],
  ])('%s', (name, file, algorithm) => {
    expect(sideCarOf(name)).toEqual({ file, algorithm });
  });

  it.each(['.md5', '.sha256', 'md5', 'logs.md5.tgz', 'logs.md5 ', 'logs.sha1', 'logs-md5', ''])(
    'and %j is none',
    (name) => {
      expect(sideCarOf(name)).toBeNull();
    },
  );
});

const md5 = '0123456789abcdef0123456789abcdef';
const other = 'f'.repeat(32);
const sha256 = md5 + md5;
const md5In = (text: string) => claimedDigestIn(text, { file: 'logs.tgz', algorithm: 'md5' });
const sha256In = (text: string) => claimedDigestIn(text, { file: 'logs.tgz', algorithm: 'sha256' });

describe('the digest in a side-car', () => {
  it.each([
    md5,
    `${md5}\n`,
    `  ${md5}\r\n`,
    `\ufeff${md5.toUpperCase()}\n`,
    `${md5}  logs.tgz\n`,
    `${md5} *logs.tgz\n`,
    `${md5}\tlogs.tgz`,
    `${md5} logs.tgz`,
    `${md5}  /var/log/my logs/logs.tgz\n`,
    `${md5}  C:\\logs\\logs.tgz\r\n`,
    `\\${md5}  a\\nb\\\\logs.tgz\n`,
    `\\${md5}\n`,
    `${md5}  another-name.tgz\n`,
    `${md5}  -\n`,
    `MD5 (logs.tgz) = ${md5}\n`,
    `MD5 (/tmp/a (1).tgz) = ${md5.toUpperCase()}\n`,
    `MD5(logs.tgz)= ${md5}\n`,
    `# made by a collector\n${md5}  logs.tgz\n`,
    `${other}  a.tgz\n${md5}  logs.tgz\n${other}  b.tgz\n`,
    `${other}  a.tgz\n${md5}  ./logs.tgz\n${md5} *logs.tgz\n`,
    `SHA256 (logs.tgz) = ${sha256}\nMD5 (logs.tgz) = ${md5}\n`,
    `${sha256}  logs.tgz\n${md5}  logs.tgz\n`,
  ])('is found in %j', (text) => {
    expect(md5In(text)).toBe(md5);
  });

  it.each([
    `${sha256}\n`,
    `${sha256} *logs.tgz\n`,
    `SHA256 (logs.tgz) = ${sha256}\n`,
    `SHA256(logs.tgz)= ${sha256}\n`,
    `SHA2-256(logs.tgz)= ${sha256}\n`,
  ])('is found in %j', (text) => {
    expect(sha256In(text)).toBe(sha256);
  });

  it.each([
    '',
    '\n\n',
    'no digest',
    md5.slice(1),
    `${md5}0`,
    `${md5}logs.tgz`,
    sha256,
    `SHA256 (logs.tgz) = ${sha256}`,
    `${md5}  a.tgz\n${other}  b.tgz\n`,
    `${md5}  a.tgz\n${md5}  b.tgz\n`,
    `${md5}  logs.tgz\n${other}  logs.tgz\n`,
    `<html>${md5}</html>`,
    `MD5 logs.tgz = ${md5}`,
    'g'.repeat(32),
    '\u0000'.repeat(32),
  ])('is not found in %j', (text) => {
    expect(md5In(text)).toBeNull();
  });

  it('is looked for with the same patience in a text made to take long', () => {
    expect(md5In(`MD5 (${'('.repeat(2000)}${') = '.repeat(500)}`)).toBeNull();
    expect(md5In(`${md5}${' '.repeat(4000)}`)).toBe(md5);
    expect(md5In(`${md5}${' *'.repeat(2000)}`)).toBe(md5);
  });
});
