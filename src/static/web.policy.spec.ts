import { pagePolicy, placeOf } from './web.policy.js';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const index = { kind: 'page', file: 'index.html' };
const upload = { kind: 'page', file: 'upload.html' };
const other = { kind: 'other' };

describe('placeOf', () => {
  it.each(['/tickets', '/tickets/SUP-1.2', '/setup', '/sign-in', '/no-such-page', '/api-keys'])(
    'shows the desk at %s to a browser, and to nobody else',
    (path) => {
      expect(placeOf(path, browser)).toEqual(index);
      expect(placeOf(path, '*/*')).toEqual(other);
      expect(placeOf(path, '')).toEqual(other);
    },
  );

  it('shows the entrances to everybody', () => {
    for (const accept of [browser, '*/*', '', 'application/json']) {
      expect(placeOf('/', accept)).toEqual(index);
      expect(placeOf('/upload', accept)).toEqual(upload);
      expect(placeOf('/upload/', accept)).toEqual(upload);
    }
  });

  it.each([
    ...[
      '/api',
      '/api/v1/nothing',
      '/api/docs',
      '//api/v1/x',
      '/health/live',
      '/health',
      '/metrics',
    ],
    ...['/API/v1/users', '/Health/live', '/tickets//SUP-1', '/tickets//', '/upload//'],
    ...['/upload.sh', '/assets', '/assets/', '/assets/../../package.json', '/.env', '/.git/HEAD'],
    ...['/package.json', '/tickets/../.env', '/tickets/%2e%2e/x', '/tickets/..%2fx', '/robots.txt'],
  ])('leaves %s alone', (path) => {
    expect(placeOf(path, browser)).toEqual(other);
  });

  it('knows an asset by its name alone', () => {
    const asset = { kind: 'asset', file: 'assets/index-a_B1.js' };
    expect(placeOf('/assets/index-a_B1.js', '*/*')).toEqual(asset);
    expect(placeOf('/assets/deeper/x.js', '*/*')).toEqual(other);
  });
});

it('has a policy that lets nothing in', () => {
  expect(pagePolicy).not.toMatch(/unsafe|https?:|\*/);
});
