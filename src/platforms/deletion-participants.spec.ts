import { DeletionParticipants, ParticipantMissing } from './deletion-participants.js';

const participants = () =>
  new DeletionParticipants<'tokens' | 'files', number>(['tokens', 'files']);

it('gives the participants in the order in which they run, whichever registered first', () => {
  const both = participants();
  both.register('files', 2);
  both.register('tokens', 1);
  expect(both.all()).toEqual([1, 2]);
});

it('refuses to delete where one has not registered', () => {
  const one = participants();
  one.register('tokens', 1);
  expect(() => one.all()).toThrow(ParticipantMissing);
});

it('refuses a second one of a name, which would silently take the place of the first', () => {
  const one = participants();
  one.register('tokens', 1);
  expect(() => one.register('tokens', 2)).toThrow('"tokens"');
});
