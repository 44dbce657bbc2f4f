import { s3Address } from './s3-address.js';

describe('the address of a bucket', () => {
  it.each([
    ['s3://archives', { prefix: '', region: null, endpoint: null }],
    ['s3://archives/', { prefix: '', region: null, endpoint: null }],
    ['s3://archives/help-desk/logs/', { prefix: 'help-desk/logs/', region: null, endpoint: null }],
    [
      's3://archives/logs?region=eu-central-1',
      { prefix: 'logs/', region: 'eu-central-1', endpoint: null },
    ],
    [
      's3://archives/logs?region=&endpoint=http://store:9000',
      { prefix: 'logs/', region: null, endpoint: 'http://store:9000' },
    ],
  ])('%s', (text, expected) => {
    expect(s3Address(text)).toEqual({ bucket: 'archives', ...expected });
  });

  it.each([
    's3://',
    's3:archives',
    's3://Archives/logs',
    's3://a/logs',
    's3://my.bucket/logs',
    's3://archives:9000/logs',
    's3://key:secret@archives/logs',
    's3://archives/a//b',
    's3://archives/a%2F..%2Fb',
    's3://archives/a b',
    's3://archives/logs#part',
    's3://archives/logs?profile=x',
    's3://archives/logs?region=a&region=b',
    's3://archives/logs?region=EU',
    's3://archives/logs?endpoint=store:9000',
    's3://archives/logs?endpoint=https://key:secret@store',
    's3://archives/logs?endpoint=https://store/?a=b',
    'file:/srv/archives',
  ])('is not %s', (text) => {
    expect(s3Address(text)).toBeNull();
  });
});
