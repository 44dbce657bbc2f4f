import { DataSource } from 'typeorm';
import { Job } from '../../src/jobs/job.entity.js';
import { command } from '../support/command.js';
import { deadJob, jobLeft } from '../support/jobs.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
let dataSource: DataSource;
beforeAll(async () => {
  service = await startedService();
  dataSource = service.app.get(DataSource);
});
afterEach(() => dataSource.manager.deleteAll(Job));

const run = (args: readonly string[]) => command(args, { place: service.place });

it('jobs list prints them a line each, narrowed by state and kind', async () => {
  const dueAt = new Date('2027-01-31T10:00:00.000Z');
  const waiting = await jobLeft(dataSource, { subject: 'an archive', dueAt });
  const dead = await jobLeft(dataSource, { ...deadJob, kind: 'other', dueAt });
  const lines = {
    dead: `${dead}\tother\t-\tdead\t8\t2027-01-31T10:00:00.000Z\tError: the disk is full\n`,
    waiting: `${waiting}\tstory\tan archive\twaiting\t0\t2027-01-31T10:00:00.000Z\t-\n`,
  };
  const list = async (...flags: string[]) => (await run(['jobs', 'list', ...flags])).stdout;
  expect(await list()).toBe(lines.dead + lines.waiting);
  expect(await list('--state', 'dead')).toBe(lines.dead);
  expect(await list('--kind', 'story')).toBe(lines.waiting);
  expect(await list('--state', 'dead', '--kind', 'story')).toBe('');
  expect(await run(['jobs', 'list', '--state', 'done'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: '--state holds "done"; it may hold waiting, running, dead\n',
  });
});

it('jobs retry lets a dead one run again, in the operator’s name', async () => {
  const id = await jobLeft(dataSource, deadJob);
  const retried = await run(['jobs', 'retry', id]);
  expect(retried).toMatchObject({ code: 0, stdout: expect.stringContaining(id), stderr: '' });
  const { api } = await service.given.admin();
  const { body } = await api.get('/jobs').expect(200);
  expect(body.items).toMatchObject([{ id, state: 'waiting', attempts: 0 }]);
  const events = await api.get(`/audit-events?subject=${id}`).expect(200);
  expect(events.body.items).toMatchObject([
    { action: 'job.retried', actor: { kind: 'system', name: 'command line' } },
  ]);
  expect(await run(['jobs', 'retry', id])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Leave this job alone: .*\n$/),
  });
  const none = await run(['jobs', 'retry', 'none']);
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no job "none"') });
});
