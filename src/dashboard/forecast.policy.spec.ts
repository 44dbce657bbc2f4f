import { dayOf, daysUntil, forecast } from './forecast.policy.js';

const now = new Date('2026-11-21T15:00:00Z');
const GB = 1e9;
/** So much on each day of the last weeks, today's little included. */
const pace = (bytes: number) =>
  daysUntil(now, 30).map((day) => ({
    day,
    count: 1,
    bytes: day === dayOf(now) ? 1 : bytes,
  }));
const ago = (days: number) => new Date(now.getTime() - days * 86_400_000);

describe('the forecast of the free space', () => {
  it('divides the room above the reserve by what the last two weeks brought a day', () => {
    expect(forecast(101 * GB, GB, pace(10 * GB), ago(90), now)).toEqual({
      outlook: 'filling',
      daysLeft: 10,
      bytesPerDay: 10 * GB,
      basedOnDays: 14,
    });
  });

  it.each([
    ['nothing was ever stored', null, 'unknown', null],
    ['the first archive came today', ago(0), 'unknown', null],
    ['three days ago: two of them are whole', ago(3), 'unknown', null],
    ['four days ago: three are', ago(4), 'filling', 3],
    ['ten days ago', ago(10), 'filling', 9],
    ['a year ago', ago(365), 'filling', 14],
  ])('where %s', (_case, first, outlook, basedOnDays) => {
    expect(forecast(100 * GB, 0, pace(GB), first, now)).toMatchObject({ outlook, basedOnDays });
  });

  it('does not look at today, which is not over, nor at the first day', () => {
    const days = daysUntil(now, 4).map((day, index) => ({
      day,
      count: 1,
      bytes: index === 0 || day === dayOf(now) ? 1000 * GB : GB,
    }));
    expect(forecast(30 * GB, 0, days, ago(4), now)).toMatchObject({
      daysLeft: 30,
      bytesPerDay: GB,
    });
  });

  it.each([
    ['nothing came in two weeks', 0, 'steady', null],
    ['it would last for more than ten years', 1000, 'steady', null],
    ['it is filled within the day', 300 * GB, 'filling', 0],
  ])('where %s', (_case, bytes, outlook, daysLeft) => {
    expect(forecast(100 * GB, 0, pace(bytes), ago(90), now)).toMatchObject({ outlook, daysLeft });
  });

  it('is full where no more than the reserve is free, however short the history', () => {
    expect(forecast(GB, GB, [], null, now)).toMatchObject({ outlook: 'full', daysLeft: 0 });
    expect(forecast(0.5 * GB, GB, pace(GB), ago(90), now)).toMatchObject({ outlook: 'full' });
  });

  it('is not made where the space cannot be measured', () => {
    expect(forecast(null, GB, pace(GB), ago(90), now)).toMatchObject({ outlook: 'unknown' });
  });
});

it('counts days in UTC, across the end of a month', () => {
  expect(daysUntil(new Date('2026-03-01T00:30:00Z'), 2)).toEqual([
    '2026-02-27',
    '2026-02-28',
    '2026-03-01',
  ]);
});
