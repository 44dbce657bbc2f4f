import { DataSource } from 'typeorm';
import { Handlers } from '../../src/jobs/handlers.js';
import type { JobHandler, PeriodicHandler } from '../../src/jobs/handlers.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { Job } from '../../src/jobs/job.entity.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { PeriodicRunner } from '../../src/jobs/periodic-runner.js';
import { eventually } from '../support/eventually.js';
import { jobLeft } from '../support/jobs.js';
import { program } from '../support/program.js';
import { testProgram } from '../support/program-build.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

/** One process among several: a runner of its own on the same database. */
interface Worker {
  readonly metrics: Metrics;
  readonly jobs: JobsService;
  readonly runner: JobRunner;
}

let service: TestService;
let dataSource: DataSource;
const runners: JobRunner[] = [];
beforeAll(async () => {
  service = await startedService();
  dataSource = service.app.get(DataSource);
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop(0)));
  await dataSource.manager.deleteAll(Job);
});

const handling = (
  handlers: readonly JobHandler[],
  periodic: readonly PeriodicHandler[] = [],
): Handlers =>
  ({
    jobs: () => new Map(handlers.map((one) => [one.kind, one])),
    periodic: () => periodic,
  }) as unknown as Handlers;

const worker = (...handlers: JobHandler[]): Worker => {
  const [jobs, metrics] = [new JobsService(dataSource), new Metrics()];
  const runner = new JobRunner(dataSource, handling(handlers), jobs, metrics);
  runner.start();
  runners.push(runner);
  return { jobs, runner, metrics };
};

const handler = (run: JobHandler['run'], rules: Partial<JobHandler> = {}): JobHandler => ({
  kind: 'count',
  limit: 1,
  tries: 3,
  leaseMs: 60_000,
  ...rules,
  run,
});

const all = (): Promise<Job[]> => dataSource.manager.find(Job, { order: { id: 'ASC' } });

/** Lets all leases and waits end, as time would. */
const makeDue = () => dataSource.manager.updateAll(Job, { dueAt: new Date(0) });

/** A handler that runs until it is let go. */
const gate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
};

it('a job runs after its transaction commits, with what it was given, and leaves no row', async () => {
  const seen: unknown[] = [];
  const { jobs } = worker(
    handler(({ job, payload }) => {
      seen.push([job.subject, payload, job.attempts]);
      return Promise.resolve();
    }),
  );
  await dataSource.transaction((tx) =>
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
    dataSource.transaction(async (tx) => {
      await jobs.enqueue(tx, { kind: 'count', payload: 'rolled back' });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await dataSource.transaction((tx) => jobs.enqueue(tx, { kind: 'count', payload: 'committed' }));
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
  const id = await jobs.enqueue(dataSource.manager, { kind: 'count' });
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
  expect(await jobs.retry(dataSource.manager, id)).toBe(true);
  expect(await jobs.retry(dataSource.manager, id)).toBe(false);
  await eventually(async () => expect(await all()).toEqual([]));
});

it('why a job failed is kept in one line, whatever its handler quotes, and without passwords', async () => {
  const message = 'cannot read\n"a\0b\ud800" at postgres://logs:hidden@db/logs ' + 'x'.repeat(600);
  const { jobs } = worker(handler(() => Promise.reject(new Error(message)), { tries: 1 }));
  await jobs.enqueue(dataSource.manager, { kind: 'count' });
  await eventually(async () => expect(await all()).toMatchObject([{ state: 'dead' }]));
  const [{ lastError, dueAt } = {}] = await all();
  expect(lastError).toMatch(/^Error: cannot read "a b\ufffd" at postgres:\/\/…@db\/logs x+$/);
  expect(lastError).toHaveLength(500);
  expect(dueAt?.getTime()).toBeLessThanOrEqual(Date.now());
});

it('the job of a worker that died is taken over after its lease, and the dead one cannot finish it', async () => {
  const first = gate();
  const dying = worker(handler(() => first.opened));
  await dying.jobs.enqueue(dataSource.manager, { kind: 'count' });
  await eventually(async () => expect(await all()).toMatchObject([{ state: 'running', slot: 0 }]));
  const second = gate();
  const heir = worker(handler(() => second.opened));
  expect(await heir.runner.look()).toBe(0);
  await makeDue();
  await eventually(async () => expect(await all()).toMatchObject([{ attempts: 2 }]));
  first.open();
  await dying.runner.stop(0);
  expect(await all()).toMatchObject([{ state: 'running', attempts: 2 }]);
  second.open();
  await eventually(async () => expect(await all()).toEqual([]));
});

it('the job of a worker that was killed runs again elsewhere, once its lease is over', async () => {
  const kind = 'killed';
  await new JobsService(dataSource).enqueue(dataSource.manager, { kind });
  const killed = await program([kind], {}, service.place, [], testProgram('worker'));
  await killed.log.event('running');
  killed.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
  const ran: number[] = [];
  const { runner } = worker(
    handler(({ job }) => Promise.resolve(void ran.push(job.attempts)), { kind }),
  );
  expect(await runner.look()).toBe(0);
  await makeDue();
  await eventually(async () => expect(await all()).toEqual([]));
  expect(ran).toEqual([2]);
});

it('a job whose workers died each time that it ran is dead, and runs no more', async () => {
  const lost = { kind: 'count', state: 'running', lease: 'lost', slot: 0, dueAt: new Date(0) };
  await jobLeft(dataSource, { ...lost, attempts: 3 } as Partial<Job>);
  const ran: string[] = [];
  worker(handler(({ job }) => Promise.resolve(void ran.push(job.id))));
  const lastError = 'the process ended while it ran, or lost its lease';
  await eventually(async () =>
    expect(await all()).toMatchObject([{ state: 'dead', slot: null, lease: null, lastError }]),
  );
  expect(ran).toEqual([]);
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
  await jobs.enqueue(dataSource.manager, { kind: 'count' });
  await jobs.enqueue(dataSource.manager, { kind: 'endless' });
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
  await dataSource.transaction(async (tx) => {
    for (let n = 0; n < 2_000; n += 1)
      await workers[0]?.jobs.enqueue(tx, { kind: 'count', payload: n });
  });
  await eventually(async () => expect(await dataSource.manager.count(Job)).toBe(0), 110_000);
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
  const runnerOf = () => new PeriodicRunner(dataSource, handling([]));

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
      const made = new PeriodicRunner(dataSource, handling([], all));
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
