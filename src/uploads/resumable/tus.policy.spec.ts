import { claimedChecksum, isByteCount, meantMethod, nameIn } from './tus.policy.js';

const base64 = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const hex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('Upload-Checksum', () => {
  it('is read as SHA-256 in base64', () => expect(claimedChecksum(`sha256 ${base64}`)).toBe(hex));

  it.each(['', 'sha256', `sha1 ${base64}`, `sha256 ${hex}`, `sha256 ${base64.slice(1)}`, base64])(
    'cannot be "%s"',
    (field) => expect(claimedChecksum(field)).toBeNull(),
  );
});

describe('the method that is meant', () => {
  it.each([
    ['POST', 'PATCH', 'PATCH'],
    ['POST', ' delete ', 'DELETE'],
    ['POST', undefined, 'POST'],
    ['POST', 'PUT', 'POST'],
    // Only what can be sent by a form is overridden: nothing else becomes more than it says.
    ['HEAD', 'DELETE', 'HEAD'],
    ['PATCH', 'DELETE', 'PATCH'],
  ])('of %s with %s is %s', (method, override, meant) =>
    expect(meantMethod(method, override)).toBe(meant),
  );
});

describe('the name in Upload-Metadata', () => {
  it.each([
    [{ filename: 'a.tgz', name: 'b.tgz' }, 'a.tgz'],
    [{ name: 'b.tgz' }, 'b.tgz'],
    [{ filename: null }, ''],
    [{}, ''],
    [undefined, ''],
  ])('of %j is %j', (metadata, name) => expect(nameIn(metadata)).toBe(name));
});

describe('a count of bytes', () => {
  it.each(['0', '1', '9007199254740991'])('may be %s', (field) =>
    expect(isByteCount(field)).toBe(true),
  );
  it.each(['', '-1', '01', '1.0', '1e3', ' 1', '9007199254740992', '1_000'])(
    'may not be "%s"',
    (field) => expect(isByteCount(field)).toBe(false),
  );
});
