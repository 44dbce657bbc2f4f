import { clocksOf, judgeClocks } from './clock.check.js';

const service = (aheadMs: number) => [{ name: 'the service', aheadMs }];

it('clocks may be a little apart, not as long as a code holds', () => {
  expect(judgeClocks(service(4_000)).level).toBe('ok');
  expect(judgeClocks(service(-6_000))).toMatchObject({
    level: 'warn',
    saw: "the clock of the service is 6 s behind this machine's.",
  });
  expect(judgeClocks([...service(0), { name: 'the database', aheadMs: 31_000 }])).toMatchObject({
    level: 'fail',
    saw: expect.stringContaining('the database is 31 s ahead'),
  });
});

it('an answer tells the clocks of service and proxy, less the way', () => {
  const answer = {
    kind: 'answered',
    beganAt: 1_000_000,
    afterMs: 400,
    headers: { date: new Date(1_010_000).toUTCString() },
  } as const;
  const rest = { status: 200, text: '', pieces: [], isCut: false, own: { address: '', port: 0 } };
  expect(clocksOf({ ...answer, ...rest }, { now: 1_000_200 })).toEqual([
    { name: 'the service', aheadMs: 0 },
    { name: 'the proxy', aheadMs: 10_300 },
  ]);
  expect(clocksOf({ ...answer, ...rest, headers: {} }, { now: 0 })).toHaveLength(1);
});
