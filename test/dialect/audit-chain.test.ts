import { DataSource } from 'typeorm';
import { AuditEvent } from '../../src/audit/audit-event.entity.js';
import { AuditService } from '../../src/audit/audit.service.js';
import { systemActor } from '../../src/http/actor.js';
import { newId } from '../../src/secrets/secrets.js';
import {
  checked,
  happened,
  headAt,
  managerOf,
  sealedEvents,
  sealingHeldUp,
  setHead,
  unguarded,
} from '../support/audit-chain.js';
import { isSqlite } from '../support/database.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

const numbers = (events: readonly AuditEvent[]) => events.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** A service with some events that are sealed, of which seq 5 is not yet the last. */
const audited = async (): Promise<{ service: TestService; events: readonly AuditEvent[] }> => {
  const service = await startedService();
  await happened(service, 6);
  return { service, events: await sealedEvents(service) };
};

describe('an event', () => {
  it('gets its number and its hash soon after the deed, and the API tells them', async () => {
    const { service, events } = await audited();
    expect(numbers(events)).toEqual(upTo(events.length));
    const { findings, unsealed, head } = await checked(service);
    expect({ findings, unsealed }).toEqual({ findings: [], unsealed: 0 });
    const { api } = await service.given.admin();
    const { body } = await api.get('/audit-events?limit=200').expect(200);
    const told = (body as { items: { id: string; seq: number; hash: string }[] }).items;
    expect(told.map(({ id, seq, hash }) => ({ id, seq, hash })).reverse()).toEqual(
      events.map(({ id, seq, hash }) => ({ id, seq, hash })),
    );
    expect(told[0]).toMatchObject(head);
  });

  it('is neither changed, numbered anew nor deleted by anything that minds the triggers', async () => {
    const { service, events } = await audited();
    const manager = managerOf(service);
    const one = { id: events[2]?.id ?? '' };
    const refused = 'audit_events is append-only';
    await expect(manager.update(AuditEvent, one, { actorName: 'nobody' })).rejects.toThrow(refused);
    await expect(manager.update(AuditEvent, one, { details: {} })).rejects.toThrow(refused);
    await expect(manager.update(AuditEvent, one, { mac: '' })).rejects.toThrow(refused);
    await expect(manager.update(AuditEvent, one, { seq: 99 })).rejects.toThrow(refused);
    await expect(manager.update(AuditEvent, one, { seq: null })).rejects.toThrow(refused);
    await expect(manager.update(AuditEvent, one, { hash: '' })).rejects.toThrow(refused);
    await expect(manager.delete(AuditEvent, one)).rejects.toThrow(refused);
    await expect(manager.query('DELETE FROM audit_events')).rejects.toThrow(refused);
    if (!isSqlite) await expect(manager.query('TRUNCATE audit_events')).rejects.toThrow(refused);
    expect(await sealedEvents(service)).toEqual(events);
  });

  it('says the same after it was stored, whatever is in it', async () => {
    const service = await startedService();
    const audit = service.app.get(AuditService);
    const names = ['ü 日本 🙂', '\ud800 half', "'; --", '\u202e', ' ends in blanks  ', '1:a,2:b'];
    for (const name of names)
      await service.app.get(DataSource).transaction((tx) =>
        audit.record(
          tx,
          { ...systemActor, name },
          {
            action: 'ticket.changed',
            subject: { kind: 'ticket', id: null },
            details: { name, 2: 'b', 1: -0, nothing: null, yes: true, large: 1e300 },
          },
        ),
      );
    await sealedEvents(service);
    expect((await checked(service)).findings).toEqual([]);
  });
});

describe('verifying finds', () => {
  let service: TestService;
  let events: readonly AuditEvent[];
  beforeAll(async () => {
    ({ service, events } = await audited());
    await unguarded(service);
  });
  /** Of the third event, the one that is tampered with. */
  const third = () => headAt(events, 3).seq;
  const idOf = (seq: number) => events[seq - 1]?.id ?? '';
  afterEach(async () => {
    // What a story broke is mended: all events as they were, and the head.
    const manager = managerOf(service);
    await manager.clear(AuditEvent);
    await manager.insert(AuditEvent, [...events]);
    await setHead(manager, headAt(events, events.length));
    expect((await checked(service)).findings).toEqual([]);
  });

  it.each<[string, Partial<AuditEvent>]>([
    ['its time', { at: new Date(0) }],
    ['the kind of who did it', { actorKind: 'integration' }],
    ['the id of who did it', { actorId: null }],
    ['the name of who did it', { actorName: 'nobody' }],
    ['what was done', { action: 'ticket.created' }],
    ['the kind of thing', { subjectKind: 'ticket' }],
    ['the thing', { subjectId: 'other' }],
    ['the address', { address: '192.0.2.1' }],
    ['the request', { requestId: null }],
    ['the details', { details: { nothing: 'happened' } }],
    ['its proof', { mac: 'f'.repeat(64) }],
    ['its id', { id: newId() }],
  ])('an event of which %s was edited', async (_what, edit) => {
    await managerOf(service).update(AuditEvent, { seq: third() }, edit);
    const { findings } = await checked(service);
    expect(findings).toEqual([{ kind: 'changed', seq: 3, id: edit.id ?? idOf(3) }]);
  });

  it('an event of which the hash was edited, and blames no other', async () => {
    await managerOf(service).update(AuditEvent, { seq: third() }, { hash: 'f'.repeat(64) });
    const { findings } = await checked(service);
    expect(findings).toEqual([{ kind: 'broken', seq: 3, id: idOf(3) }]);
  });

  it('events that were removed, one and several', async () => {
    const manager = managerOf(service);
    await manager.delete(AuditEvent, { seq: 3 });
    expect((await checked(service)).findings).toEqual([{ kind: 'missing', from: 3, to: 3 }]);
    for (const seq of [1, 2]) await manager.delete(AuditEvent, { seq });
    expect((await checked(service)).findings).toEqual([{ kind: 'missing', from: 1, to: 3 }]);
  });

  it('events that were removed and those after them numbered anew', async () => {
    const manager = managerOf(service);
    await manager.delete(AuditEvent, { seq: 3 });
    for (const { id, seq } of events.slice(3))
      await manager.update(AuditEvent, { id }, { seq: (seq ?? 0) - 1 });
    await setHead(manager, { ...headAt(events, events.length), seq: events.length - 1 });
    expect((await checked(service)).findings[0]).toEqual({ kind: 'broken', seq: 3, id: idOf(4) });
  });

  it('two events that changed places', async () => {
    const manager = managerOf(service);
    const swap = async (also: boolean) => {
      const [a, b] = [headAt(events, 3).hash, headAt(events, 4).hash];
      await manager.update(AuditEvent, { id: idOf(3) }, { seq: null });
      await manager.update(AuditEvent, { id: idOf(4) }, { seq: 3, hash: also ? a : b });
      await manager.update(AuditEvent, { id: idOf(3) }, { seq: 4, hash: also ? b : a });
    };
    await swap(true);
    const both = [
      { kind: 'broken', seq: 3, id: idOf(4) },
      { kind: 'broken', seq: 4, id: idOf(3) },
    ];
    expect((await checked(service)).findings).toEqual(both);
    await manager.clear(AuditEvent);
    await manager.insert(AuditEvent, [...events]);
    await swap(false);
    // The one after them follows neither: its hash was made with the other one before it.
    expect((await checked(service)).findings).toEqual(expect.arrayContaining(both));
  });

  it('an end that was cut off, by the head that was left', async () => {
    const manager = managerOf(service);
    for (const { id } of events.slice(-2)) await manager.delete(AuditEvent, { id });
    expect((await checked(service)).findings).toEqual([
      { kind: 'truncated', from: events.length - 1, to: events.length },
    ]);
  });

  it('an end that was cut off together with the head, by a head that was written down', async () => {
    const manager = managerOf(service);
    const head = headAt(events, events.length);
    expect((await checked(service, { head })).findings).toEqual([]);
    for (const { id } of events.slice(-2)) await manager.delete(AuditEvent, { id });
    await setHead(manager, headAt(events, events.length - 2));
    expect((await checked(service)).findings).toEqual([]);
    expect((await checked(service, { head })).findings).toEqual([
      { kind: 'truncated', from: head.seq - 1, to: head.seq },
    ]);
  });

  it('a history that is another one than the head that was written down', async () => {
    const head = { seq: 4, hash: headAt(events, 5).hash };
    expect((await checked(service, { head })).findings).toEqual([{ kind: 'not-the-head', seq: 4 }]);
  });

  it('a head that was set back, edited or removed', async () => {
    const manager = managerOf(service);
    const { length } = events;
    await setHead(manager, headAt(events, length - 2));
    const beyond = { kind: 'beyond-head', from: length - 1, to: length };
    expect((await checked(service)).findings).toEqual([beyond]);
    await setHead(manager, { seq: length, hash: 'f'.repeat(64) });
    expect((await checked(service)).findings).toEqual([{ kind: 'not-the-head', seq: length }]);
    await setHead(manager, { seq: length, hash: 'no hash' });
    await expect(checked(service)).rejects.toThrow(/audit-head/);
  });

  it('an event that the program did not write, also once it is sealed', async () => {
    const manager = managerOf(service);
    const forged = { ...events[2], id: newId(), actorName: 'nobody', seq: null, hash: null };
    const finding = { kind: 'changed', id: forged.id };
    const release = await sealingHeldUp(service);
    await manager.insert(AuditEvent, forged);
    const { findings, unsealed } = await checked(service);
    expect({ findings, unsealed }).toEqual({ findings: [{ ...finding, seq: null }], unsealed: 1 });
    await release();
    await sealedEvents(service);
    expect((await checked(service)).findings).toEqual([{ ...finding, seq: events.length + 1 }]);
  });

  it('an event whose number is none that the sealer gives', async () => {
    const manager = managerOf(service);
    const copy = { ...events[2], id: newId() };
    for (const seq of [0, -7]) {
      await manager.insert(AuditEvent, { ...copy, seq });
      expect((await checked(service)).findings).toEqual([{ kind: 'inserted', seq, id: copy.id }]);
      await manager.delete(AuditEvent, { id: copy.id });
    }
  });
});

describe('after an event that is known to be right', () => {
  it('only what follows is looked at, and it must be that event', async () => {
    const { service, events } = await audited();
    const manager = await unguarded(service);
    await manager.update(AuditEvent, { seq: 2 }, { actorName: 'nobody' });
    const from = headAt(events, 3);
    expect((await checked(service)).findings).toHaveLength(1);
    expect((await checked(service, { from })).findings).toEqual([]);
    await manager.update(AuditEvent, { seq: 4 }, { actorName: 'nobody' });
    expect((await checked(service, { from })).findings).toHaveLength(1);
    const other = { seq: 3, hash: headAt(events, 5).hash };
    expect((await checked(service, { from: other })).findings[0]).toEqual({
      kind: 'not-the-head',
      seq: 3,
    });
    const beyond = { ...from, seq: events.length + 2 };
    expect((await checked(service, { from: beyond })).findings).toContainEqual(
      expect.objectContaining({ kind: 'truncated', to: beyond.seq }),
    );
  });
});
