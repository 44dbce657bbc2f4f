import { TooManyUploads } from './intake.errors.js';
import { UploadShares, shareOf } from './upload-shares.js';

it.each([
  [1, 1],
  [3, 3],
  [16, 16],
  [20, 17],
  [40, 35],
  [64, 56],
  [1000, 875],
])('of %i uploads one sender may have %i', (maxUploads, share) => {
  expect(shareOf(maxUploads)).toBe(share);
});

it('counts each token and each address for itself, and gives back once', () => {
  const shares = new UploadShares(2);
  const first = shares.take({ tokenId: 'a', address: '192.0.2.1' });
  shares.take({ tokenId: 'b', address: '192.0.2.1' });
  const byAddress = { tokenId: 'c', address: '::ffff:192.0.2.1' };
  expect(() => shares.take(byAddress)).toThrow(TooManyUploads);
  shares.take({ tokenId: 'a', address: '192.0.2.2' });
  const byToken = { tokenId: 'a', address: '192.0.2.3' };
  expect(() => shares.take(byToken)).toThrow(TooManyUploads);
  first();
  first();
  shares.take(byAddress);
  expect(() => shares.take(byAddress)).toThrow(TooManyUploads);
  shares.take(byToken);
  expect(() => shares.take(byToken)).toThrow(TooManyUploads);
});

it('gives the repetitions of a token as many slots as it has attempts left, and always one', () => {
  const shares = new UploadShares(3);
  const sender = { tokenId: 'a', address: '192.0.2.1' };
  shares.take(sender);
  const first = shares.take(sender, 0);
  expect(() => shares.take(sender, 0)).toThrow(TooManyUploads);
  expect(() => shares.take(sender, 1)).toThrow(TooManyUploads);
  shares.take({ tokenId: 'b', address: '192.0.2.2' }, 1);
  first();
  first();
  const again = shares.take(sender, 1);
  expect(() => shares.take(sender, 1)).toThrow(TooManyUploads);
  again();
  shares.take(sender, 5);
  shares.take(sender, 5);
  expect(() => shares.take(sender)).toThrow(TooManyUploads);
});
