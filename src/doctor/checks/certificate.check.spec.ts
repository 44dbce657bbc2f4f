import { judgeCertificate, judgeScheme } from './certificate.check.js';

const now = new Date('2025-11-20T10:00:00Z');
const inDays = (days: number): Date => new Date(now.getTime() + days * 86_400_000);

it('a certificate is good for at least two weeks', () => {
  expect(judgeCertificate({ refusal: null, validTo: inDays(63) }, now)).toMatchObject({
    level: 'ok',
    saw: expect.stringContaining('63 days left'),
  });
  expect(judgeCertificate({ refusal: null, validTo: inDays(13) }, now)).toMatchObject({
    level: 'warn',
    saw: expect.stringContaining('ends in 13 days'),
  });
});

it('one that clients refuse fails, whatever its time', () => {
  expect(judgeCertificate({ refusal: 'CERT_HAS_EXPIRED', validTo: inDays(-1) }, now)).toMatchObject(
    {
      level: 'fail',
      saw: expect.stringContaining('CERT_HAS_EXPIRED'),
    },
  );
});

it('http is for this machine alone', () => {
  for (const [url, level] of [
    ['https://logs.example.com', 'ok'],
    ['http://localhost:8000', 'ok'],
    ['http://127.0.0.1', 'ok'],
    ['http://logs.example.com', 'warn'],
  ] as const)
    expect(judgeScheme(new URL(url)).level).toBe(level);
});
