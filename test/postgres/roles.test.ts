import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { Job } from '../../src/jobs/job.entity.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { WorkerWatch } from '../../src/jobs/worker-watch.js';
import { doctorSays, named } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { deadJob, jobLeft } from '../support/jobs.js';
import { spawnedService } from '../support/program.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { withStoryJobs } from '../support/story-jobs.js';
import type { StoryJob } from '../support/story-jobs.js';
import { tempFolder } from '../support/temp-folder.js';

const METRICS_TOKEN = 'm'.repeat(16);

/** Serves only; the stories enqueue here, and look into the database. */
let here: TestService;
let dataSource: DataSource;
beforeEach(async () => {
  here = await startedService({}, undefined, { http: true, jobs: false });
  dataSource = here.app.get(DataSource);
});

const spawned = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnedService({ ...withStoryJobs(), METRICS_TOKEN, ...env }, here.place, [], undefined, args);

const newFile = (): string => join(tempFolder(), 'file');

const enqueued = (payload: StoryJob): Promise<string> =>
  here.app.get(JobsService).enqueue(dataSource.manager, { kind: 'story', payload });

const begunBy = (file: string): Promise<number> =>
  eventually(() => {
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    expect(pid).toBeGreaterThan(0);
    return pid;
  });

const jobs = (): Promise<Job[]> => dataSource.manager.find(Job, { order: { id: 'ASC' } });

const get = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  send(url, { method: 'GET', headers });

it('"serve --no-jobs" enqueues and runs nothing, and "work" runs it', async () => {
  const serving = await spawned(['serve', '--no-jobs']);
  expect(serving.log.events('service.ready')).toMatchObject([{ http: true, jobs: false }]);
  const [retried, enqueuedHere] = [newFile(), newFile()];
  const id = await jobLeft(dataSource, { ...deadJob, payload: JSON.stringify({ begun: retried }) });
  const { api } = await serving.given.admin();
  await api.post(`/jobs/${id}/retry`).expect(202);
  await enqueued({ begun: enqueuedHere });
  // It would run what it enqueued in a few milliseconds; the worker takes seconds to start.
  const working = await spawned(['work']);
  expect(working.log.events('service.ready')).toMatchObject([{ http: false, jobs: true }]);
  for (const file of [retried, enqueuedHere]) expect(await begunBy(file)).toBe(working.pid);
  await eventually(async () => expect(await jobs()).toEqual([]));
});

it('"work" answers probes and figures, and nothing else is there', async () => {
  const { url } = await spawned(['work']);
  for (const path of ['/health/live', '/health/ready', '/health/ready/'])
    expect(await get(url + path)).toMatchObject({ status: 200, body: { status: 'ok' } });
  expectProblem(await get(`${url}/metrics`), 'credentials-missing');
  const figures = await get(`${url}/metrics`, { Authorization: `Bearer ${METRICS_TOKEN}` });
  expect(figures).toMatchObject({ status: 200 });
  expect(figures.text).toContain('logs_collector_jobs{kind="story",state="waiting"} 0');
  expect(figures.text).toContain('logs_collector_job_failures_total{kind="story"} 0');
  for (const path of [
    ...['/', '/tickets', '/upload', '/upload.sh', '/HEALTH/live', '/metrics/more'],
    ...['/api/v1/tickets', '/api/v1/jobs', '/api/v1/health', '/api/v1/openapi.json', '/api/docs'],
  ])
    expectProblem(await get(url + path), 'not-found');
  for (const [method, path] of [
    ['PUT', '/api/v1/archives/a.log'],
    ['POST', '/api/v1/auth/login'],
    ['OPTIONS', '/api/v1/uploads'],
  ] as const)
    expectProblem(await send(url + path, { method, body: '{}' }), 'not-found');
});

it('processes that only serve say that nobody works, and so does doctor', async () => {
  const watch = here.app.get(WorkerWatch);
  const isMissed = async () =>
    named(await doctorSays(here, { PUBLIC_URL: 'http://127.0.0.1:1' }), 'fail').includes('workers');
  await watch.look();
  await watch.look();
  expect(here.log.events('worker.missing')).toHaveLength(1);
  expect(await isMissed()).toBe(true);
  const worker = await startedService({}, here.place, { http: false, jobs: true });
  // Services of one process share Nest's logger, which is that of the last one to start.
  const told = (event: string) => [here, worker].flatMap(({ log }) => log.events(event));
  await watch.look();
  expect(told('worker.back')).toHaveLength(1);
  expect(await isMissed()).toBe(false);
  await worker.stop();
  await watch.look();
  expect(told('worker.missing')).toHaveLength(2);
});

describe('"work" that is told to stop', () => {
  it('lets its job end, begins no other, and ends with 0', async () => {
    const working = await spawned(['work'], { SHUTDOWN_GRACE: '60' });
    const [begun, gate, late] = [newFile(), newFile(), newFile()];
    await enqueued({ begun, gate });
    await begunBy(begun);
    working.kill('SIGTERM');
    await eventually(async () =>
      expect(await get(`${working.url}/health/ready`)).toMatchObject({
        status: 503,
        body: { checks: { accepting: 'down' } },
      }),
    );
    const other = await enqueued({ begun: late });
    writeFileSync(gate, '');
    expect(await working.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(await jobs()).toMatchObject([{ id: other, state: 'waiting', attempts: 0 }]);
    expect(existsSync(late)).toBe(false);
  });

  it('gives back what takes longer than the grace, and another worker runs it', async () => {
    const working = await spawned(['work'], { SHUTDOWN_GRACE: '1' });
    const [begun, gate] = [newFile(), newFile()];
    const id = await enqueued({ begun, gate });
    expect(await begunBy(begun)).toBe(working.pid);
    working.kill('SIGTERM');
    expect(await working.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(working.log.events('job.given-back')).toMatchObject([{ jobId: id, kind: 'story' }]);
    expect(await jobs()).toMatchObject([{ id, state: 'waiting', attempts: 0, lease: null }]);
    const heir = await spawned(['work']);
    await eventually(async () => expect(await begunBy(begun)).toBe(heir.pid));
    writeFileSync(gate, '');
    await eventually(async () => expect(await jobs()).toEqual([]));
  });
});
