import { DataSource } from 'typeorm';
import type { AuditEvent } from '../../src/audit/audit-event.entity.js';
import { AuditSealer } from '../../src/audit/audit-sealer.service.js';
import { AuditService } from '../../src/audit/audit.service.js';
import { openDatabase } from '../../src/database/data-source.js';
import { systemActor } from '../../src/http/actor.js';
import { schema } from '../../src/schema.js';
import { checked, happened, headAt, sealedEvents, sealingHeldUp } from '../support/audit-chain.js';
import { afterFile } from '../support/cleaning.js';
import { isSqlite } from '../support/database.js';
import { admin } from '../support/given.js';
import { spawnedService } from '../support/program.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

const numbers = (events: readonly AuditEvent[]) => events.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('the chain', () => {
  it('goes on after a stop, which seals all and tells the head to the log', async () => {
    const service = await startedService();
    await happened(service, 3);
    await service.stop();
    const next = await startedService({}, service.place);
    const before = await sealedEvents(next);
    const { seq, hash } = headAt(before, before.length);
    expect(service.log.events('audit.head').at(-1)).toMatchObject({ head: `${seq}:${hash}` });
    const wrong = { username: admin.username, password: 'not the right one' };
    await next.given.stranger().post('/auth/login').send(wrong).expect(401);
    expect(await sealedEvents(next)).toHaveLength(before.length + 1);
    expect((await checked(next, { head: { seq, hash } })).findings).toEqual([]);
  });

  it('takes up what was recorded and not sealed when the process was killed', async () => {
    const killed = await spawnedService();
    const { api } = await killed.given.admin();
    const database = await openDatabase(killed.place.target, schema, 2);
    afterFile(() => database.destroy());
    const running = { app: { get: () => database } } as unknown as TestService;
    await sealedEvents(running);
    const release = await sealingHeldUp(running);
    for (const name of ['one', 'two', 'three'])
      await api.post('/platforms').send({ name, title: name }).expect(201);
    await killed.log.event('audit.not-sealed');
    killed.kill('SIGKILL');
    await killed.ended;
    expect(killed.log.events('audit.not-sealed')).toHaveLength(1);
    expect(
      await database.manager.query('SELECT id FROM audit_events WHERE seq IS NULL'),
    ).toHaveLength(3);
    await release();
    const next = await startedService({}, killed.place);
    const events = await sealedEvents(next);
    expect(numbers(events)).toEqual(upTo(events.length));
    expect(events.slice(-3).map(({ subjectId }) => subjectId)).toEqual(['one', 'two', 'three']);
    expect((await checked(next)).findings).toEqual([]);
  });

  it('is one chain, however many replicas seal at the same moment', async () => {
    const service = await startedService();
    const replicas = await replicasOf(service, 3);
    const { api } = await service.given.admin();
    const tickets = await service.given.platform();
    for (let round = 0; round < 3; round += 1)
      await Promise.all([
        ...upTo(8).map((at) =>
          api
            .post('/tickets')
            .send({ platform: tickets, number: `R-${round}-${at}` })
            .expect(201),
        ),
        ...replicas.flatMap(({ app }) => upTo(3).map(() => app.get(AuditSealer).seal())),
      ]);
    const events = await sealedEvents(service);
    expect(events.length).toBeGreaterThan(48);
    expect(numbers(events)).toEqual(upTo(events.length));
    for (const replica of replicas) {
      expect((await checked(replica)).findings).toEqual([]);
      expect(replica.log.events('audit.not-sealed')).toEqual([]);
    }
  });

  // On SQLite an open transaction keeps the others waiting.
  if (!isSqlite)
    it('numbers an event that was committed late after those that were sealed before it', async () => {
      const service = await startedService();
      const audit = service.app.get(AuditService);
      const happening = (id: string) =>
        ({ action: 'ticket.changed', subject: { kind: 'ticket', id } }) as const;
      await service.app.get(DataSource).transaction(async (tx) => {
        await audit.record(tx, systemActor, happening('late'));
        const { manager } = service.app.get(DataSource);
        await manager.transaction((other) => audit.record(other, systemActor, happening('early')));
        await sealedEvents(service);
      });
      const last = (await sealedEvents(service)).slice(-2);
      expect(last.map(({ subjectId }) => subjectId)).toEqual(['early', 'late']);
      expect((last[0]?.id ?? '') > (last[1]?.id ?? '')).toBe(true);
      expect((await checked(service)).findings).toEqual([]);
    });
});
