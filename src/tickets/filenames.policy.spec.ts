import { asLine, nameFoundBy, withoutLine } from './filenames.policy.js';

const lines = (...names: readonly string[]): string => names.map(asLine).join('');

describe('the filenames of a ticket', () => {
  it('lose a name once, and a whole one only', () => {
    const all = lines('data.zip', 'a.zip', 'a.zip', 'a.zip.md5');
    expect(withoutLine(all, 'a.zip')).toBe(lines('data.zip', 'a.zip', 'a.zip.md5'));
    expect(withoutLine(all, 'data.zip')).toBe(lines('a.zip', 'a.zip', 'a.zip.md5'));
    expect(withoutLine(all, 'a.zip.md5')).toBe(lines('data.zip', 'a.zip', 'a.zip'));
    expect(withoutLine(lines('a.zip'), 'a.zip')).toBe('');
  });

  it('stay as they are where the name is not among them', () => {
    for (const all of ['', lines('data.zip'), lines('a.zip.md5', 'data.zip')])
      expect(withoutLine(all, 'a.zip')).toBe(all);
  });

  it('tell the newest that a search finds, as it was sent', () => {
    const all = lines('Журналы-1.ZIP', 'Журналы-2.ZIP', 'other.tgz');
    expect(nameFoundBy('ЖУРНАЛЫ', all)).toBe('Журналы-2.ZIP');
    expect(nameFoundBy('1.zip', all)).toBe('Журналы-1.ZIP');
    expect(nameFoundBy('zip\nother', all)).toBeNull();
    expect(nameFoundBy('nothing', '')).toBeNull();
  });
});
