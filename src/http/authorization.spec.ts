import { authorizationOf, singleHeader } from './authorization.js';

const request = (...authorization: string[]) => ({
  headersDistinct: authorization.length > 0 ? { authorization } : {},
});
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('Authorization', () => {
  it.each([
    ['Bearer lck_abc', { kind: 'bearer', secret: 'lck_abc' }],
    ['bearer   lck_abc', { kind: 'bearer', secret: 'lck_abc' }],
    [basic('anyone:lct_abc'), { kind: 'basic', user: 'anyone', password: 'lct_abc' }],
    [basic(':lct_abc'), { kind: 'basic', user: '', password: 'lct_abc' }],
    [basic('a:b:c'), { kind: 'basic', user: 'a', password: 'b:c' }],
    [basic('no colon'), { kind: 'unreadable' }],
    ['Bearer', { kind: 'unreadable' }],
    ['Bearer ', { kind: 'unreadable' }],
    ['Bearer a, Bearer b', { kind: 'unreadable' }],
    ['Bearer a b', { kind: 'unreadable' }],
    ['Digest username="a"', { kind: 'unreadable' }],
    ['', { kind: 'unreadable' }],
    ["Bearer ' OR 1=1", { kind: 'unreadable' }],
    [`Bearer ${'a'.repeat(2000)}`, { kind: 'unreadable' }],
  ])('reads %j', (field, expected) => {
    expect(authorizationOf(request(field))).toEqual(expected);
  });

  it('is none where there is no field', () => {
    expect(authorizationOf(request())).toEqual({ kind: 'none' });
  });

  it('refuses to choose between two', () => {
    expect(authorizationOf(request('Bearer a', 'Bearer a'))).toEqual({ kind: 'unreadable' });
    expect(singleHeader(request('a', 'b'), 'authorization')).toBe('doubled');
  });
});
