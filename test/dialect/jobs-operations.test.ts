import { DataSource } from 'typeorm';
import { Job } from '../../src/jobs/job.entity.js';
import { expectProblem } from '../support/http.js';
import { deadJob, jobLeft } from '../support/jobs.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

interface Listed {
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

let service: TestService;
let dataSource: DataSource;
beforeAll(async () => {
  service = await startedService();
  dataSource = service.app.get(DataSource);
});
afterEach(() => dataSource.manager.deleteAll(Job));

const listed = async (query = ''): Promise<Listed> => {
  const { api } = await service.given.admin();
  return (await api.get(`/jobs${query}`).expect(200)).body as Listed;
};
const ids = async (query = ''): Promise<readonly string[]> =>
  (await listed(query)).items.map(({ id }) => id);

describe('the list of jobs', () => {
  it('shows what an operator needs, and never the payload', async () => {
    const dueAt = new Date('2027-01-31T10:00:00.000Z');
    const id = await jobLeft(dataSource, {
      ...deadJob,
      subject: 'an archive',
      payload: '"x"',
      dueAt,
    });
    expect(await listed()).toEqual({
      items: [
        {
          id,
          kind: 'story',
          subject: 'an archive',
          state: 'dead',
          attempts: 8,
          dueAt: dueAt.toISOString(),
          lastError: 'Error: the disk is full',
        },
      ],
      nextCursor: null,
    });
  });

  it('is narrowed by state and kind, and comes by pages, newest first', async () => {
    const waiting = await jobLeft(dataSource);
    const dead = await jobLeft(dataSource, deadJob);
    const other = await jobLeft(dataSource, { ...deadJob, kind: 'other' });
    const running = await jobLeft(dataSource, { state: 'running', lease: 'x', slot: 0 });
    expect(await ids()).toEqual([running, other, dead, waiting]);
    expect(await ids('?state=waiting')).toEqual([waiting]);
    expect(await ids('?state=running')).toEqual([running]);
    expect(await ids('?state=dead')).toEqual([other, dead]);
    expect(await ids('?state=dead&kind=other')).toEqual([other]);
    expect(await ids('?kind=none')).toEqual([]);
    const first = await listed('?limit=3');
    expect(first.items).toHaveLength(3);
    expect(await ids(`?limit=3&cursor=${first.nextCursor}`)).toEqual([waiting]);
    const { api } = await service.given.admin();
    expectProblem(await api.get('/jobs?state=done'), 'validation-failed');
  });
});

describe('a retry', () => {
  it('lets a dead job wait again with all its tries, and is told to the audit', async () => {
    const { api } = await service.given.admin();
    const id = await jobLeft(dataSource, { ...deadJob, subject: 'an archive' });
    const { body } = await api.post(`/jobs/${id}/retry`).expect(202);
    const retried = { id, state: 'waiting', attempts: 0, lastError: 'Error: the disk is full' };
    expect(body).toMatchObject(retried);
    expect((await listed()).items).toMatchObject([retried]);
    const events = await api.get(`/audit-events?subject=${id}`).expect(200);
    expect(events.body.items).toMatchObject([
      {
        action: 'job.retried',
        actor: { kind: 'person', name: 'root' },
        subject: { kind: 'job', id },
        details: { kind: 'story', subject: 'an archive' },
      },
    ]);
  });

  it('of two at once, one is done', async () => {
    const { api } = await service.given.admin();
    const id = await jobLeft(dataSource, deadJob);
    const answers = await Promise.all([1, 2].map(() => api.post(`/jobs/${id}/retry`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    const events = await api.get(`/audit-events?subject=${id}`).expect(200);
    expect(events.body.items).toHaveLength(1);
  });

  it('is for dead jobs alone, and changes no other', async () => {
    const { api } = await service.given.admin();
    for (const state of ['waiting', 'running'] as const) {
      const id = await jobLeft(dataSource, { state, attempts: 3 });
      expectProblem(await api.post(`/jobs/${id}/retry`), 'job-not-dead');
      expect((await listed(`?state=${state}`)).items).toMatchObject([{ id, attempts: 3 }]);
    }
    for (const id of ['019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10', 'none'])
      expectProblem(await api.post(`/jobs/${id}/retry`), 'not-found');
  });
});
