import { TryWindows } from './try-windows.js';

const at = (ms: number): Date => new Date(1_000_000 + ms);

const tries = (windows: TryWindows, subject: string, times: number, now = at(0)): void => {
  for (let time = 0; time < times; time += 1) windows.count(subject, now);
};

it('holds a source for the rest of the minute that its first try began, and no other one', () => {
  const windows = new TryWindows();
  tries(windows, 'one', 9);
  expect(windows.waitMs('one', 10, at(0))).toBe(0);
  tries(windows, 'one', 1, at(20_000));
  expect(windows.waitMs('one', 10, at(20_000))).toBe(40_000);
  expect(windows.waitMs('other', 10, at(20_000))).toBe(0);
  expect(windows.waitMs('one', 10, at(59_999))).toBe(1);
  expect(windows.waitMs('one', 10, at(60_000))).toBe(0);
  tries(windows, 'one', 1, at(60_000));
  expect(windows.waitMs('one', 2, at(60_000))).toBe(0);
});

it('forgets the oldest first when tries come from very many sources', () => {
  const windows = new TryWindows(100);
  tries(windows, 'one', 10);
  for (let other = 0; other < 99; other += 1) windows.count(`other ${other}`, at(0));
  expect(windows.waitMs('one', 10, at(0))).toBe(60_000);
  windows.count('one too many', at(0));
  expect(windows.waitMs('one', 10, at(0))).toBe(0);
});

it('gives what is to be saved once, in order, and not what is over', () => {
  const windows = new TryWindows();
  tries(windows, 'over', 1, at(0));
  tries(windows, 'b', 2, at(30_000));
  tries(windows, 'a', 1, at(30_000));
  const endsAt = at(90_000);
  expect(windows.unsaved(at(60_000))).toEqual([
    { subject: 'a', tries: 1, endsAt },
    { subject: 'b', tries: 2, endsAt },
  ]);
  // One more came while the two were on their way.
  tries(windows, 'b', 1, at(60_000));
  windows.saved({ subject: 'b', tries: 2, endsAt }, 2);
  expect(windows.unsaved(at(60_000))).toEqual([
    { subject: 'a', tries: 1, endsAt },
    { subject: 'b', tries: 1, endsAt },
  ]);
  expect(windows.waitMs('b', 3, at(60_000))).toBe(30_000);
});

it('counts on from what the database has, which replicas add to as well', () => {
  const windows = new TryWindows();
  tries(windows, 'one', 2);
  windows.saved({ subject: 'one', tries: 9, endsAt: at(45_000) }, 2);
  expect(windows.waitMs('one', 10, at(0))).toBe(0);
  tries(windows, 'one', 1);
  expect(windows.waitMs('one', 10, at(0))).toBe(45_000);
});
