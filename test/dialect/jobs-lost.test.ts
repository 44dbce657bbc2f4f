import type { Job } from '../../src/jobs/job.entity.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { eventually } from '../support/eventually.js';
import { gate, handler, jobQueue } from '../support/job-queue.js';
import { jobLeft } from '../support/jobs.js';
import { program } from '../support/program.js';
import { testProgram } from '../support/program-build.js';

const { service, dataSource, worker, all, makeDue } = jobQueue();

/** A run whose process is gone, and whose lease is over. */
const lost = {
  kind: 'count',
  state: 'running',
  lease: 'lost',
  slot: 0,
  dueAt: new Date(),
} as const satisfies Partial<Job>;

it('the job of a worker that died is taken over after its lease, and the dead one cannot finish it', async () => {
  const first = gate();
  const dying = worker(handler(() => first.opened));
  await dying.jobs.enqueue(dataSource().manager, { kind: 'count' });
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
  await new JobsService(dataSource()).enqueue(dataSource().manager, { kind });
  const killed = await program([kind], {}, service().place, [], testProgram('worker'));
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
  await jobLeft(dataSource(), { ...lost, attempts: 3 });
  const ran: string[] = [];
  worker(handler(({ job }) => Promise.resolve(void ran.push(job.id))));
  const lastError = 'the process ended while it ran, or lost its lease';
  await eventually(async () =>
    expect(await all()).toMatchObject([{ state: 'dead', slot: null, lease: null, lastError }]),
  );
  expect(ran).toEqual([]);
});

it('a lost run is taken over however many jobs of its kind wait for its place', async () => {
  const jobs = new JobsService(dataSource());
  // All of them were due before the lease ended.
  for (let count = 0; count < 60; count += 1)
    await jobs.enqueue(dataSource().manager, { kind: 'count', dueAt: new Date(0) });
  await jobLeft(dataSource(), { ...lost, attempts: 1, subject: 'lost' });
  const ran: (string | null)[] = [];
  worker(handler(({ job }) => Promise.resolve(void ran.push(job.subject))));
  await eventually(async () => expect(await all()).toEqual([]));
  expect(ran).toHaveLength(61);
  expect(ran[0]).toBe('lost');
});

it('a process does not take over what it runs itself, when an outage outlived the lease', async () => {
  const held = gate();
  let runs = 0;
  const { runner } = worker(
    handler(
      async () => {
        runs += 1;
        await held.opened;
      },
      { limit: 2 },
    ),
  );
  await new JobsService(dataSource()).enqueue(dataSource().manager, { kind: 'count' });
  await eventually(() => expect(runs).toBe(1));
  await makeDue();
  expect(await runner.look()).toBe(0);
  held.open();
  await eventually(async () => expect(await all()).toEqual([]));
  expect(runs).toBe(1);
});
