import { Job } from '../../src/jobs/job.entity.js';
import type { PeriodicHandler } from '../../src/jobs/handlers.js';
import { PeriodicRunner } from '../../src/jobs/periodic-runner.js';
import { eventually } from '../support/eventually.js';
import { gate, handler, handling, jobQueue } from '../support/job-queue.js';

const { dataSource, worker, all, makeDue } = jobQueue();

it('a job runs after its transaction commits, with what it was given, and leaves no row', async () => {
  const seen: unknown[] = [];
  const { jobs } = worker(
    handler(({ job, payload }) => {
      seen.push([job.subject, payload, job.attempts]);
      return Promise.resolve();
    }),
  );
  await dataSource().transaction((tx) =>
    jobs.enqueue(tx, { kind: 'count', subject: 'a', payload: { n: 1 } }),
  );
  await eventually(() => expect(seen).toEqual([['a', { n: 1 }, 1]]));
  await eventually(async () => expect(await all()).toEqual([]));
});

it('a job whose transaction rolls back never runs', async () => {
  const ran: unknown[] = [];
  const { jobs, runner } = worker(
    handler(({ payload }) => Promise.resolve(void ran.push(payload))),
  );
  await expect(
    dataSource().transaction(async (tx) => {
      await jobs.enqueue(tx, { kind: 'count', payload: 'rolled back' });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await dataSource().transaction((tx) => jobs.enqueue(tx, { kind: 'count', payload: 'committed' }));
  await eventually(() => expect(ran).toEqual(['committed']));
  expect(await runner.look()).toBe(0);
});

it('a job that always fails is tried, then dead, and an operator may have it run again', async () => {
  let failures = 0;
  let isMended = false;
  const { jobs, metrics } = worker(
    handler(() => {
      if (isMended) return Promise.resolve();
      failures += 1;
      return Promise.reject(new Error(`failure ${failures}`));
    }),
  );
  const id = await jobs.enqueue(dataSource().manager, { kind: 'count' });
  for (const attempts of [1, 2]) {
    await eventually(async () =>
      expect(await all()).toMatchObject([
        { state: 'waiting', attempts, lastError: `Error: failure ${attempts}`, slot: null },
      ]),
    );
    expect((await all())[0]?.dueAt.getTime()).toBeGreaterThan(Date.now());
    await makeDue();
  }
  await eventually(async () =>
    expect(await jobs.matching({ state: 'dead' }).getMany()).toHaveLength(1),
  );
  expect(failures).toBe(3);
  expect(await jobs.counts()).toMatchObject([{ kind: 'count', state: 'dead', count: 1 }]);
  expect(
    await metrics.registry.getSingleMetricAsString('logs_collector_job_failures_total'),
  ).toMatch(/\{kind="count"\} 3$/m);
  isMended = true;
  expect(await jobs.retry(dataSource().manager, id)).toBe(true);
  expect(await jobs.retry(dataSource().manager, id)).toBe(false);
  await eventually(async () => expect(await all()).toEqual([]));
});

it('why a job failed is kept in one line, whatever its handler quotes, and without secrets', async () => {
  const message =
    'cannot read\n"a\0b\ud800" at postgres://logs:hidden@db/logs of lct_0123456789abcdef ' +
    'x'.repeat(600);
  const { jobs } = worker(handler(() => Promise.reject(new Error(message)), { tries: 1 }));
  await jobs.enqueue(dataSource().manager, { kind: 'count' });
  await eventually(async () => expect(await all()).toMatchObject([{ state: 'dead' }]));
  const [{ lastError, dueAt } = {}] = await all();
  expect(lastError).toMatch(
    /^Error: cannot read "a b\ufffd" at postgres:\/\/…@db\/logs of \[secret\] x+$/,
  );
  expect(lastError).toHaveLength(500);
  expect(dueAt?.getTime()).toBeLessThanOrEqual(Date.now());
});

it('jobs that are enqueued all the time are run all the time', async () => {
  let ran = 0;
  const { jobs } = worker(handler(() => Promise.resolve(void (ran += 1))));
  const isEnough = (): boolean => ran >= 3;
  // Each comes sooner than a look that would wait for the last of them.
  while (!isEnough()) await jobs.enqueue(dataSource().manager, { kind: 'count' });
  await eventually(async () => expect(await all()).toEqual([]));
});

it('a process that stops lets its job end within the grace, and gives back what does not', async () => {
  const endless = handler(
    ({ signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
    { kind: 'endless' },
  );
  const short = gate();
  const { jobs, runner } = worker(
    handler(() => short.opened),
    endless,
  );
  await jobs.enqueue(dataSource().manager, { kind: 'count' });
  await jobs.enqueue(dataSource().manager, { kind: 'endless' });
  await eventually(async () =>
    expect(await all()).toMatchObject([{ state: 'running' }, { state: 'running' }]),
  );
  const stopped = runner.stop(50);
  short.open();
  await stopped;
  expect(await all()).toMatchObject([
    { kind: 'endless', state: 'waiting', attempts: 0, lease: null, slot: null },
  ]);
});

it('twenty workers run 2,000 jobs once each, and never more of a kind at once than its limit', async () => {
  const ran = new Map<unknown, number>();
  let running = 0;
  let most = 0;
  const limited = handler(
    async ({ payload }) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      ran.set(payload, (ran.get(payload) ?? 0) + 1);
      running -= 1;
    },
    { limit: 7 },
  );
  const workers = Array.from({ length: 20 }, () => worker(limited));
  await dataSource().transaction(async (tx) => {
    for (let n = 0; n < 2_000; n += 1)
      await workers[0]?.jobs.enqueue(tx, { kind: 'count', payload: n });
  });
  await eventually(async () => expect(await dataSource().manager.count(Job)).toBe(0), 110_000);
  expect(ran.size).toBe(2_000);
  expect([...ran.values()].every((count) => count === 1)).toBe(true);
  expect(most).toBeLessThanOrEqual(7);
}, 120_000);

describe('work by the clock', () => {
  const periodic = (by: PeriodicHandler['by'], run: () => Promise<void>): PeriodicHandler => ({
    name: `Story.${by}`,
    everyMs: 60_000,
    by,
    run,
  });
  const runnerOf = () => new PeriodicRunner(dataSource(), handling([]));

  it('is done once for three processes, and again when it is due again', async () => {
    let count = 0;
    const work = periodic('one', () => Promise.resolve(void (count += 1)));
    const three = [runnerOf(), runnerOf(), runnerOf()];
    const now = Date.now();
    const atAll = (ms: number) =>
      Promise.all(three.map((one) => one.run(work, new Date(now + ms))));
    await atAll(0);
    expect(count).toBe(1);
    await atAll(30_000);
    expect(count).toBe(1);
    await atAll(61_000);
    expect(count).toBe(2);
  });

  it('a process that only serves does what is for each process, and nothing else', async () => {
    const counts = { each: 0, 'each-worker': 0, one: 0 };
    const all = (['each', 'each-worker', 'one'] as const).map((by) => ({
      ...periodic(by, () => Promise.resolve(void (counts[by] += 1))),
      name: `Role.${by}`,
      everyMs: 5,
    }));
    const runner = (jobs: boolean): PeriodicRunner => {
      const made = new PeriodicRunner(dataSource(), handling([], all));
      made.start({ jobs });
      return made;
    };
    const serving = runner(false);
    await eventually(() => expect(counts.each).toBeGreaterThan(5));
    await serving.stop();
    expect(counts).toMatchObject({ 'each-worker': 0, one: 0 });
    const working = runner(true);
    await eventually(() => {
      expect(counts['each-worker']).toBeGreaterThan(0);
      expect(counts.one).toBeGreaterThan(0);
    });
    await working.stop();
  });

  it('is done by each process where that is what it is for', async () => {
    let count = 0;
    const work = periodic('each', () => Promise.resolve(void (count += 1)));
    await Promise.all([runnerOf().run(work, new Date()), runnerOf().run(work, new Date())]);
    expect(count).toBe(2);
  });
});
