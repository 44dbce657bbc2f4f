import {
  Keyring,
  holdsSecret,
  isSame,
  isSecret,
  newId,
  newInstanceNumber,
  newRecoveryCode,
  newSecret,
  newSecretKey,
  newSessionId,
  secretPattern,
  sha256,
} from './secrets.js';

describe('a secret that is handed out', () => {
  it.each(['lct_', 'lck_', 'lcd_', 'lcs_'] as const)('with %s has the promised form', (prefix) => {
    const secret = newSecret(prefix);
    expect(secret).toMatch(/^lc[a-z]_[A-Za-z0-9_-]{32,}$/);
    expect(isSecret(prefix, secret)).toBe(true);
    expect(newSecret(prefix)).not.toBe(secret);
  });

  it('has at least 190 bits', () => {
    const characters = newSecret('lct_').length - 'lct_'.length;
    expect(characters * Math.log2(64)).toBeGreaterThanOrEqual(190);
  });

  it.each([
    undefined,
    null,
    7,
    '',
    'lct_',
    'lct_short',
    `lck_${'a'.repeat(32)}`,
    `lct_${'a'.repeat(65)}`,
    `lct_${'a'.repeat(31)} `,
    `lct_${'a'.repeat(32)}\n`,
    [`lct_${'a'.repeat(32)}`],
  ])('is not %j', (text) => {
    expect(isSecret('lct_', text)).toBe(false);
  });

  it('is found in a text by the pattern that masks the log', () => {
    for (const prefix of ['lct_', 'lck_', 'lcd_'] as const)
      expect(`x=${newSecret(prefix)}&`.replace(secretPattern, '')).toBe('x=&');
    // The first set-up link is read from the log: that is what it is for.
    expect(newSecret('lcs_')).not.toMatch(secretPattern);
  });

  it.each(['lct_', 'lck_', 'lcd_', 'lcs_'] as const)(
    'with %s is found in a name that holds it whole',
    (prefix) => {
      const secret = newSecret(prefix);
      for (const name of [secret, `${secret}.tgz`, `logs-${secret}`])
        expect(holdsSecret(name)).toBe(true);
      for (const name of ['lct_2026-12-01_node7.log', secret.slice(0, -1)])
        expect(holdsSecret(name)).toBe(false);
    },
  );

  it('is kept as SHA-256', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('what the program makes up', () => {
  it('are ids in the order of time', () => {
    const ids = Array.from({ length: 1000 }, newId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(1000);
  });

  it('are recovery codes that can be read aloud', () => {
    expect(newRecoveryCode()).toMatch(/^[2-9a-hjkmnp-z]{5}-[2-9a-hjkmnp-z]{5}$/);
  });

  it('are session ids, keys and instance numbers', () => {
    expect(Buffer.from(newSessionId(), 'base64url')).toHaveLength(32);
    expect(newSecretKey().length).toBeGreaterThanOrEqual(32);
    expect(newInstanceNumber()).toBeLessThan(2 ** 31);
  });
});

describe('the keyring', () => {
  const keyring = new Keyring('a key of this installation, long enough');

  it('signs for one purpose', () => {
    const signature = keyring.sign('download', 'text');
    expect(keyring.isSigned('download', 'text', signature)).toBe(true);
    expect(keyring.isSigned('download', 'test', signature)).toBe(false);
    expect(keyring.isSigned('other', 'text', signature)).toBe(false);
    expect(keyring.isSigned('download', 'text', signature.slice(1))).toBe(false);
    expect(keyring.isSigned('download', 'text', '')).toBe(false);
  });

  it('makes the codes of a long row for one purpose and one key', () => {
    const macs = keyring.macs('row');
    expect(macs('text')).toMatch(/^[0-9a-f]{64}$/);
    expect(macs('text')).toBe(keyring.macs('row')('text'));
    expect(Buffer.from(macs('text'), 'hex').toString('base64url')).toBe(
      keyring.sign('row', 'text'),
    );
    const others = [
      macs('test'),
      keyring.macs('other')('text'),
      new Keyring('x').macs('row')('text'),
    ];
    expect(others).not.toContain(macs('text'));
  });

  it('seals so that only the same purpose, owner and key open it', () => {
    const sealed = keyring.seal('totp', 'ann', 'Größe: 日本');
    expect(sealed).not.toContain('Größe');
    expect(keyring.seal('totp', 'ann', 'Größe: 日本')).not.toBe(sealed);
    expect(keyring.open('totp', 'ann', sealed)).toBe('Größe: 日本');
    expect(() => keyring.open('totp', 'bob', sealed)).toThrow();
    expect(() => keyring.open('other', 'ann', sealed)).toThrow();
    expect(() => new Keyring('another key').open('totp', 'ann', sealed)).toThrow();
  });

  it('has a mark that tells it from another one and fits int4', () => {
    expect(new Keyring('a key').mark()).toBe(new Keyring('a key').mark());
    const marks = Array.from({ length: 200 }, (_, one) => new Keyring(`key ${one}`).mark());
    expect(new Set(marks).size).toBe(200);
    for (const mark of marks) expect(mark).toBe(mark & 0x7fffffff);
  });

  it('notices every change of a sealed value', () => {
    const bytes = Buffer.from(keyring.seal('totp', 'ann', 'secret'), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => keyring.open('totp', 'ann', changed.toString('base64url'))).toThrow();
    }
    for (const length of [0, 5, 12, 20, 27, bytes.length - 1])
      expect(() =>
        keyring.open('totp', 'ann', bytes.subarray(0, length).toString('base64url')),
      ).toThrow();
  });
});

describe('comparing', () => {
  it.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['é', 'e', false],
  ])('%j and %j: %s', (one, other, same) => {
    expect(isSame(one, other)).toBe(same);
  });
});
