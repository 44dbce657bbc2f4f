import { DataSource, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AuditEvent } from '../../src/audit/audit-event.entity.js';
import { AuditVerifier } from '../../src/audit/audit-verify.service.js';
import type { Finding } from '../../src/audit/chain-check.policy.js';
import type { Head } from '../../src/audit/chain.policy.js';
import { Setting } from '../../src/database/setting.entity.js';
import { isSqlite } from './database.js';
import { eventually } from './eventually.js';
import type { TestService } from './service.js';

type Running = Pick<TestService, 'app'>;

export const managerOf = ({ app }: Running): EntityManager => app.get(DataSource).manager;

/** Waits until the sealer has come by. @returns the events in the order of the chain */
export const sealedEvents = async (service: Running): Promise<readonly AuditEvent[]> => {
  const manager = managerOf(service);
  await eventually(async () =>
    expect(await manager.countBy(AuditEvent, { seq: IsNull() })).toBe(0),
  );
  return manager.find(AuditEvent, { order: { seq: 'ASC' } });
};

/** Makes so many events. */
export const happened = async (service: TestService, count: number): Promise<void> => {
  const { api } = await service.given.admin();
  const name = await service.given.platform();
  for (let made = 1; made < count; made += 1)
    await api
      .patch(`/platforms/${name}`)
      .send({ title: `Title ${made}` })
      .expect(200);
};

export interface Checked {
  readonly findings: readonly Finding[];
  readonly head: Head;
  readonly unsealed: number;
}

/** What `audit verify` finds, without a process of its own. */
export const checked = async (
  { app }: Running,
  heads: { readonly head?: Head; readonly from?: Head } = {},
): Promise<Checked> => {
  const findings: Finding[] = [];
  const verified = await app.get(AuditVerifier).verify(heads, (finding) => findings.push(finding));
  expect(verified.findings).toBe(findings.length);
  return { findings, head: verified.head, unsealed: verified.unsealed };
};

const triggers = ['changed', 'resealed', 'deleted', ...(isSqlite ? [] : ['truncated'])];

/** Somebody who owns the database, and does not mind the triggers. */
export const unguarded = async (service: Running): Promise<EntityManager> => {
  const manager = managerOf(service);
  for (const name of triggers)
    await manager.query(
      `DROP TRIGGER tr_audit_events_${name}${isSqlite ? '' : ' ON audit_events'}`,
    );
  return manager;
};

const headSetting = 'audit-head';

export const setHead = async (manager: EntityManager, { seq, hash }: Head): Promise<void> => {
  await manager.update(Setting, { name: headSetting }, { value: `${seq}:${hash}` });
};

/** The head as it was after this event: what an operator would have written down then. */
export const headAt = (events: readonly AuditEvent[], seq: number): Head => {
  const event = events.find((one) => one.seq === seq);
  if (!event?.hash) throw new Error(`no event is sealed as ${seq}`);
  return { seq, hash: event.hash };
};

/** While it lasts nothing can be sealed, as if the process had died just before. */
export const sealingHeldUp = async (service: Running): Promise<() => Promise<void>> => {
  const manager = managerOf(service);
  for (const statement of isSqlite
    ? [
        `CREATE TRIGGER held BEFORE UPDATE OF seq ON audit_events BEGIN SELECT RAISE(ABORT, 'held'); END`,
      ]
    : [
        `CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'held'; END $$`,
        `CREATE TRIGGER held BEFORE UPDATE OF seq ON audit_events FOR EACH ROW EXECUTE FUNCTION held()`,
      ])
    await manager.query(statement);
  return async () => {
    await manager.query(`DROP TRIGGER held${isSqlite ? '' : ' ON audit_events'}`);
  };
};
