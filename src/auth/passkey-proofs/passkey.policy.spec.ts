import { isoBase64URL, isoCBOR } from '@simplewebauthn/server/helpers';
import { clientDataOf, isCounterAhead, withoutStatement } from './passkey.policy.js';

describe('a counter', () => {
  it.each([
    [0, 0, true],
    [0, 1, true],
    [7, 8, true],
    [7, 900, true],
    [7, 7, false],
    [7, 6, false],
    [7, 0, false],
  ])('of %i is followed by %i: %p', (stored, presented, isAhead) => {
    expect(isCounterAhead(stored, presented)).toBe(isAhead);
  });
});

describe('client data', () => {
  const encoded = (text: string) => isoBase64URL.fromUTF8String(text);

  it('tells challenge and origin', () => {
    const challenge = 'abc';
    const origin = 'https://logs.example.com';
    const text = JSON.stringify({ type: 'webauthn.get', challenge, origin });
    expect(clientDataOf(encoded(text))).toEqual({ challenge, origin });
  });

  it.each(['', 'no JSON', 'null', '[]', '7', '{"challenge":7,"origin":"x"}', '{"challenge":"x"}'])(
    'is not %j',
    (text) => {
      expect(clientDataOf(encoded(text))).toBeNull();
    },
  );
});

describe('an attestation object', () => {
  it('loses its statement, and nothing else', async () => {
    const authData = new Uint8Array([1, 2, 3]);
    const object = isoCBOR.encode(
      new Map<string, string | Uint8Array | Map<string, string>>([
        ['fmt', 'packed'],
        ['attStmt', new Map([['x5c', 'https://elsewhere.example.com/crl']])],
        ['authData', authData],
      ]),
    );
    const bare = isoBase64URL.toBuffer(await withoutStatement(isoBase64URL.fromBuffer(object)));
    const read = isoCBOR.decodeFirst<Map<string, unknown>>(bare);
    expect([...read.keys()]).toEqual(['fmt', 'attStmt', 'authData']);
    expect(read.get('fmt')).toBe('none');
    expect(read.get('attStmt')).toEqual(new Map());
    expect(read.get('authData')).toEqual(authData);
  });

  it('that cannot be read is refused, however deep it goes', async () => {
    for (const bytes of [new Uint8Array([0xff]), new Uint8Array(24_000).fill(0x81)])
      await expect(withoutStatement(isoBase64URL.fromBuffer(bytes))).rejects.toThrow();
  });
});
