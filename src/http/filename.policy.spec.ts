import { cleanFilename } from './filename.policy.js';

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
