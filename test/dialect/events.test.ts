import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { AuditEvent } from '../../src/audit/audit-event.entity.js';
import type { DomainEvent } from '../../src/events/events.js';
import { EventsService } from '../../src/events/events.service.js';
import { OnEvent } from '../../src/events/on-event.js';
import type { EventContext } from '../../src/events/on-event.js';
import { systemActor } from '../../src/http/actor.js';
import { Job } from '../../src/jobs/job.entity.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { admin } from '../support/given.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

/** What subscribers of a feature look like. Nobody runs jobs of this kind: they stay to be looked at. */
class Subscribers {
  constructor(private readonly jobs: JobsService) {}

  @OnEvent('archive.stored', 'ticket.changed')
  async enqueue(
    tx: EntityManager,
    event: DomainEvent<'archive.stored' | 'ticket.changed'>,
    { id, actor }: EventContext,
  ): Promise<void> {
    const { name, subject, details } = event;
    const payload = { event: id, name, details, actor: actor.kind };
    await this.jobs.enqueue(tx, { kind: 'told', subject: subject.id, payload });
  }

  @OnEvent('session.refused', 'ticket.deleted')
  async refuse(tx: EntityManager, event: DomainEvent): Promise<void> {
    await this.jobs.enqueue(tx, { kind: 'told', subject: event.name });
    throw new Error('a subscriber that fails');
  }
}

@Module({
  providers: [
    {
      provide: Subscribers,
      inject: [JobsService],
      useFactory: (queue: JobsService) => new Subscribers(queue),
    },
  ],
})
class SubscribersModule {}

/** A service with one more module, as a feature adds it. */
const serviceWithSubscribers = async (): Promise<TestService> => {
  const of = AppModule.of.bind(AppModule);
  const spied = jest.spyOn(AppModule, 'of').mockImplementation((resources) => {
    const whole = of(resources);
    return { ...whole, imports: [...(whole.imports ?? []), SubscribersModule] };
  });
  try {
    return await startedService();
  } finally {
    spied.mockRestore();
  }
};

let service: TestService;
let manager: EntityManager;
beforeAll(async () => {
  service = await serviceWithSubscribers();
  ({ manager } = service.app.get(DataSource));
});
beforeEach(() => manager.deleteAll(Job));

const jobs = () => manager.find(Job, { order: { id: 'ASC' } });
const audited = (action: string, subjectId?: string) =>
  manager.findBy(AuditEvent, { action, ...(subjectId && { subjectId }) });
const payloadOf = (job: Job | undefined): unknown => JSON.parse(job?.payload ?? 'null');

const changed = (id: string): DomainEvent<'ticket.changed'> => ({
  name: 'ticket.changed',
  subject: { kind: 'ticket', id },
  details: { resolved: true },
});

it('an event is in the audit and with its subscribers, under one id', async () => {
  const events = service.app.get(EventsService);
  await manager.transaction((tx) => events.record(tx, systemActor, changed('E-1')));
  const [row] = await audited('ticket.changed', 'E-1');
  expect(row).toMatchObject({ subjectKind: 'ticket', details: { resolved: true } });
  const [job, ...others] = await jobs();
  expect(others).toEqual([]);
  expect(job).toMatchObject({ kind: 'told', subject: 'E-1' });
  expect(payloadOf(job)).toEqual({
    event: row?.id,
    name: 'ticket.changed',
    details: { resolved: true },
    actor: 'system',
  });
});

it('an event whose transaction rolls back is neither in the audit nor with its subscribers', async () => {
  const events = service.app.get(EventsService);
  await expect(
    manager.transaction(async (tx) => {
      await events.record(tx, systemActor, changed('E-2'));
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await audited('ticket.changed', 'E-2')).toEqual([]);
  expect(await jobs()).toEqual([]);
});

it('an event without subscribers is in the audit alone', async () => {
  const { id, ticket } = await service.given.uploadToken();
  const { api } = await service.given.admin();
  await api.delete(`/tickets/${ticket}/tokens/${id}`).expect(204);
  expect(await audited('token.revoked', id)).toHaveLength(1);
  expect(await jobs()).toEqual([]);
});

it('an upload reaches whoever subscribed to stored archives', async () => {
  const token = await service.given.uploadToken();
  const { id } = await service.given.archive({ name: 'logs.tgz', bytes: 'some logs' }, token);
  const [row] = await audited('archive.stored', id);
  const [job, ...others] = await jobs();
  expect(others).toEqual([]);
  expect(job?.subject).toBe(id);
  expect(payloadOf(job)).toMatchObject({
    event: row?.id,
    name: 'archive.stored',
    actor: 'customer',
    details: { ticket: token.ticket, filename: 'logs.tgz', size: 9 },
  });
});

it('a subscriber that throws fails the deed, and nothing of it stays', async () => {
  const { ticket } = await service.given.uploadToken();
  const { api } = await service.given.admin();
  expectProblem(await api.delete(`/tickets/${ticket}`), 'internal-error');
  await api.get(`/tickets/${ticket}`).expect(200);
  expect(await audited('ticket.deleted', ticket)).toEqual([]);
  expect(await jobs()).toEqual([]);
});

it('what is recorded outside of a transaction stays or goes with its subscribers, too', async () => {
  const before = await audited('session.refused');
  const wrong = { username: admin.username, password: 'not the right one' };
  await service.given.stranger().post('/auth/login').send(wrong).expect(500);
  expect(await audited('session.refused')).toHaveLength(before.length);
  expect(await jobs()).toEqual([]);
});
