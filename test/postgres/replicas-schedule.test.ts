import { DataSource } from 'typeorm';
import { Tombstone } from '../../src/storage/blobs/tombstone.entity.js';
import { RetentionService } from '../../src/deletion/retention.service.js';
import { ScrubService } from '../../src/maintenance/scrub.service.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { eventually } from '../support/eventually.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';

/** What the clock would have done by then, at all of them at the same moment. */
let replicas: readonly TestService[];
let service: TestService;
beforeAll(async () => {
  const env = { SCRUB_RATE_BYTES: '1000000000' };
  service = await startedService(env);
  replicas = await replicasOf(service, 3, env);
});

const atAll = <Result>(work: (replica: TestService) => Promise<Result>): Promise<Result[]> =>
  Promise.all([...replicas, ...replicas].map(work));

const told = (name: string) => replicas.flatMap(({ log }) => log.events(name));

it('one of the replicas reads all archives, once a week', async () => {
  const token = await service.given.uploadToken();
  for (const bytes of ['one', 'three', 'seven']) await service.given.archive({ bytes }, token);
  await atAll(({ app }) => app.get(ScrubService).run());
  expect(told('scrub.finished')).toEqual([
    expect.objectContaining({ archives: 3, bytes: 13, findings: 0 }),
  ]);
  await atAll(({ app }) => app.get(ScrubService).run());
  expect(told('scrub.finished')).toHaveLength(1);
  const nextWeek = new Date(Date.now() + 8 * 24 * 60 * 60 * 1000);
  await atAll(({ app }) => app.get(ScrubService).run(nextWeek));
  expect(told('scrub.finished')).toHaveLength(2);
});

it('what is too old goes once, with one event each and the right counts', async () => {
  const platform = await service.given.platform({ retentionDays: 1 });
  const { number, token } = await service.given.ticket({ platform });
  const ids: string[] = [];
  for (let file = 0; file < 5; file += 1)
    ids.push(String((await service.given.archive({}, token)).id));
  const twoDays = new Date(Date.now() + 2 * 24 * 60 * 60 * 1000);
  const expired = await atAll(({ app }) => app.get(RetentionService).expire(twoDays));
  expect(expired.reduce((sum, count) => sum + count, 0)).toBe(5);
  const { api } = await service.given.admin();
  const events = await api.get('/audit-events?action=archive.expired').expect(200);
  const subjects = (events.body.items as { subject: { id: string } }[]).map(
    ({ subject }) => subject,
  );
  expect(subjects.map(({ id }) => id).sort()).toEqual([...ids].sort());
  const ticket = await api.get(`/tickets/${number}`).expect(200);
  expect(ticket.body.archives).toEqual({ count: 0, bytes: 0 });
  await atAll(({ app }) => app.get(SweepService).finish());
  expect(await service.app.get(DataSource).manager.count(Tombstone)).toBe(0);
  await eventually(() => ids.forEach((id) => expect(storedFiles(service.place)).not.toContain(id)));
  for (const { log } of replicas) expect(log.events('blob.has-record')).toEqual([]);
});
