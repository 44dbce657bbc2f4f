import { ValidationFailed } from '../errors/errors.js';
import { newSecret } from '../secrets/secrets.js';
import { acceptedFilename, cleanFilename } from './filename.policy.js';

describe('the name of an archive', () => {
  it.each([
    ['logs.tgz', 'logs.tgz'],
    ['журнал сервера.tar.gz', 'журнал сервера.tar.gz'],
    ['ログ 🪵.zip', 'ログ 🪵.zip'],
    ['/var/log/../logs.tgz', 'logs.tgz'],
    ['C:\\logs\\today.zip', 'today.zip'],
    ['..', 'unnamed'],
    ['../..', 'unnamed'],
    ['.', 'unnamed'],
    ['~', 'unnamed'],
    ['', 'unnamed'],
    ['   ', 'unnamed'],
    ['logs/', 'unnamed'],
    ['.hidden', '.hidden'],
    ['a\u0000b\r\nc.log', 'abc.log'],
    ['\u202egzt.sgol', 'gzt.sgol'],
    ['a"b\'c;d.log', 'a"b\'c;d.log'],
    ['%2e%2e%2flogs', '%2e%2e%2flogs'],
    ['  logs.tgz  ', 'logs.tgz'],
  ])('%j is kept as %j', (sent, kept) => {
    expect(cleanFilename(sent)).toBe(kept);
  });

  it('is cut to 255 characters and keeps its extension', () => {
    const name = cleanFilename(`${'л'.repeat(400)}.tar.gz`);
    expect([...name]).toHaveLength(255);
    expect(name.endsWith('л.tar.gz')).toBe(true);
  });

  it('counts characters, not halves of them', () => {
    const name = cleanFilename('🪵'.repeat(300));
    expect([...name]).toHaveLength(255);
    expect(name.isWellFormed()).toBe(true);
  });

  it('takes an endless extension for none', () => {
    expect([...cleanFilename(`a.${'b'.repeat(400)}`)]).toHaveLength(255);
  });
});

describe('a name that is accepted', () => {
  it('is the cleaned one', () => {
    expect(acceptedFilename('/var/log/lct_2026-12-01.log')).toBe('lct_2026-12-01.log');
  });

  it.each(['lct_', 'lck_', 'lcd_', 'lcs_'] as const)('never holds a secret (%s…)', (prefix) => {
    const secret = newSecret(prefix);
    const hidden = `${secret.slice(0, 9)}\u200e${secret.slice(9)}`;
    for (const name of [secret, `${secret}.tgz`, `/logs/${secret}/a.tgz`, hidden])
      expect(() => acceptedFilename(name)).toThrow(ValidationFailed);
  });
});
