import { Keyring } from '../secrets/secrets.js';
import { ChainCodes, genesis, headText, parseHead } from './chain.policy.js';
import type { Said } from './chain.policy.js';

const codesOf = (key: string) => {
  const keyring = new Keyring(key);
  return new ChainCodes((purpose) => keyring.macs(purpose));
};
const codes = codesOf('a key of this installation, long enough');

const event: Said = {
  id: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10',
  at: 1_763_640_000_000,
  actorKind: 'person',
  actorId: '019aa2f0-0000-7000-8000-000000000001',
  actorName: 'ann',
  action: 'ticket.created',
  subjectKind: 'ticket',
  subjectId: 'SUP-1',
  address: '192.0.2.7',
  requestId: 'r',
  details: '{"platform":"x"}',
};

describe('the mac of an event', () => {
  it('stays what it is: another way to write an event down would make all older ones wrong', () => {
    expect(codes.macOf(event)).toBe(
      'bf1ace56a8b210a16ac10aa49886588a1a52c611fadb5e9a87e86fa38b64b73e',
    );
    expect(codes.hashOf(genesis.hash, 1, { id: event.id, mac: 'ab' })).toBe(
      '41f530980fa24ff9ca750e7998118e91454964d98fecf0c11230eac1e71f36f0',
    );
  });

  it('is the same for a number that PostgreSQL gives as text', () => {
    expect(codes.macOf({ ...event, at: '1763640000000' })).toBe(codes.macOf(event));
  });

  it('depends on each part, on where it ends and on the key', () => {
    const others = (Object.keys(event) as (keyof Said)[]).map((name) =>
      codes.macOf({ ...event, [name]: 'other' }),
    );
    const shifted = { ...event, action: 'ticket.createdt', subjectKind: 'icket' };
    const all = [
      ...others,
      codes.macOf(shifted),
      codes.macOf({ ...event, actorId: null }),
      codes.macOf({ ...event, actorId: '' }),
      codes.macOf({ ...event, actorId: '-' }),
      codesOf('another key').macOf(event),
      codes.macOf(event),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('the hash of an event', () => {
  it('depends on the one before, the number, the event and the key', () => {
    const one = { id: event.id, mac: 'ab' };
    const all = [
      codes.hashOf('a', 1, one),
      codes.hashOf('b', 1, one),
      codes.hashOf('a', 2, one),
      codes.hashOf('a', 1, { ...one, id: 'other' }),
      codes.hashOf('a', 1, { ...one, mac: 'cd' }),
      codesOf('another key').hashOf('a', 1, one),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('a head', () => {
  it('is read as it is written', () => {
    expect(parseHead(headText(genesis))).toEqual(genesis);
    const head = { seq: 48_213, hash: 'ab'.repeat(32) };
    expect(parseHead(`${headText(head)}\n`)).toEqual(head);
  });

  it.each(['', '7', `7:${'g'.repeat(64)}`, `-1:${'a'.repeat(64)}`, `7:${'a'.repeat(63)}`, `1e3:`])(
    'is not %j',
    (text) => {
      expect(parseHead(text)).toBeNull();
    },
  );
});
