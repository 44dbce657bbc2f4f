import { Keyring } from '../../secrets/secrets.js';
import { proofMs, proofOf, wishIn } from './mirror.protocol.js';
import type { Wish } from './mirror.protocol.js';

const keyring = new Keyring('a key of the service, long enough');
const now = new Date('2025-11-20T10:00:00Z');
const later = (ms: number): Date => new Date(now.getTime() + ms);
const wish: Wish = { kind: 'body', waitMs: 7 };

describe('a proof', () => {
  it('gives the wish back to a holder of the same key', () => {
    expect(wishIn(proofOf(wish, keyring, now), keyring, now)).toEqual(wish);
  });

  it('holds for some minutes, also for a clock that is behind', () => {
    const proof = proofOf(wish, keyring, now);
    for (const ms of [proofMs, -proofMs]) expect(wishIn(proof, keyring, later(ms))).toEqual(wish);
    for (const ms of [proofMs + 1, -proofMs - 1])
      expect(wishIn(proof, keyring, later(ms))).toBeNull();
  });

  it('is nothing with another key, or with another wish put in', () => {
    const proof = proofOf(wish, keyring, now);
    expect(wishIn(proof, new Keyring('another key, which is long enough'), now)).toBeNull();
    const [, signature] = proof.split('.');
    const other = Buffer.from(JSON.stringify({ wish: { kind: 'seen' }, at: now.getTime() }));
    expect(wishIn(`${other.toString('base64url')}.${signature}`, keyring, now)).toBeNull();
    expect(wishIn(`${proof}.more`, keyring, now)).toBeNull();
    for (const nonsense of ['', '.', 'x', undefined, ['a', 'b']])
      expect(wishIn(nonsense, keyring, now)).toBeNull();
  });
});
