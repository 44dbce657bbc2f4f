import { generateSync } from 'otplib';
import { isTotpCode, newTotpSecret, otpauthUrl, stepOfCode } from './totp.policy.js';

const secret = newTotpSecret();
const step = 60_000_000;
const codeOf = (distance: number) => generateSync({ secret, epoch: (step + distance) * 30 });

describe.each([
  ['first', 0],
  ['middle', 14.5],
  ['last', 29.999],
])('in the %s second of a step', (_case, second) => {
  const now = new Date((step * 30 + second) * 1000);

  it.each([
    [-2, null],
    [-1, step - 1],
    [0, step],
    [1, null],
    [2, null],
  ])('the code of step %i', (distance, expected) => {
    expect(stepOfCode(secret, codeOf(distance), now)).toBe(expected);
  });
});

it('agrees with RFC 6238, appendix B', () => {
  const rfc = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  expect(stepOfCode(rfc, '287082', new Date(59_000))).toBe(1);
  expect(stepOfCode(rfc, '081804', new Date(1_111_111_109_000))).toBe(37_037_036);
});

it('forgives the space that apps show', () => {
  const code = codeOf(0);
  expect(stepOfCode(secret, `${code.slice(0, 3)} ${code.slice(3)}`, new Date(step * 30_000))).toBe(
    step,
  );
});

it.each(['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', '12345\0'])('is no code: %j', (typed) => {
  expect(isTotpCode(typed)).toBe(false);
  expect(stepOfCode(secret, typed, new Date())).toBeNull();
});

it('names the product and the user to the app', () => {
  const url = new URL(otpauthUrl(secret, 'мария@example.com'));
  expect(url.protocol).toBe('otpauth:');
  expect(decodeURIComponent(url.pathname)).toContain('Logs Collector:мария@example.com');
  expect(url.searchParams.get('secret')).toBe(secret);
  expect(url.searchParams.get('issuer')).toBe('Logs Collector');
});
