import { AuditEvent } from '../../../src/audit/audit-event.entity.js';
import { ChainCodes, headText } from '../../../src/audit/chain.policy.js';
import { Keyring, newId } from '../../../src/secrets/secrets.js';
import {
  happened,
  headAt,
  managerOf,
  sealedEvents,
  sealingHeldUp,
  setHead,
  unguarded,
} from '../../support/audit-chain.js';
import { command } from '../../support/command.js';
import { startedService } from '../../support/service.js';
import type { TestService } from '../../support/service.js';

// The command runs beside the service, as an operator runs it.
let service: TestService;
let events: readonly AuditEvent[];
beforeEach(async () => {
  service = await startedService();
  await happened(service, 4);
  events = await sealedEvents(service);
});
afterEach(() => service.stop());

const verify = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  command(['audit', 'verify', ...args], { place: service.place, env });
const last = () => headText(headAt(events, events.length));

describe('audit verify', () => {
  it('prints the head where nothing is wrong, and takes it the next time', async () => {
    const fine = {
      code: 0,
      signal: null,
      stdout: `${events.length} events, 0 not sealed yet, 0 findings\nhead ${last()}\n`,
      stderr: '',
    };
    expect(await verify()).toEqual(fine);
    const before = events.length;
    await happened(service, 3);
    events = await sealedEvents(service);
    const old = headText(headAt(events, before));
    expect(await verify(['--head', old])).toMatchObject({
      code: 0,
      stdout: `${events.length} events, 0 not sealed yet, 0 findings\nhead ${last()}\n`,
    });
    expect(await verify(['--from', old, '--head', last()])).toMatchObject({
      code: 0,
      stdout: `${events.length - before + 1} events, 0 not sealed yet, 0 findings\nhead ${last()}\n`,
    });
  });

  it('says a line for each finding and ends with 1', async () => {
    const manager = await unguarded(service);
    await manager.update(AuditEvent, { seq: 2 }, { actorName: 'nobody' });
    await manager.delete(AuditEvent, { seq: 4 });
    await manager.delete(AuditEvent, { seq: events.length });
    const { code, stdout } = await verify();
    expect(code).toBe(1);
    expect(stdout.trim().split('\n')).toEqual([
      `changed 2 ${events[1]?.id}`,
      'missing 4-4',
      `truncated ${events.length}-${events.length}`,
      `${events.length - 2} events, 0 not sealed yet, 3 findings`,
    ]);
    await setHead(manager, headAt(events, events.length - 1));
    expect(await verify(['--head', last()])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`truncated ${events.length}-${events.length}\n`),
    });
  });

  it('counts what is not sealed yet', async () => {
    const release = await sealingHeldUp(service);
    await happened(service, 2);
    expect(await verify()).toMatchObject({
      code: 0,
      stdout: `${events.length} events, 2 not sealed yet, 0 findings\nhead ${last()}\n`,
    });
    await release();
  });

  it('asks whether the key is the right one where nothing was written with it', async () => {
    const { code, stdout, stderr } = await verify([], { SECRET_KEY: 'another key '.repeat(4) });
    expect(code).toBe(1);
    expect(stdout).toContain(`${events.length} findings`);
    expect(stderr).toMatch(/^[^\n]*SECRET_KEY[^\n]*--from[^\n]*\n$/);
    const env = { SECRET_KEY: 'another key '.repeat(4) };
    // The key was changed at that moment: what came before is taken at the head's word.
    expect(await verify(['--from', last()], env)).toMatchObject({ code: 0 });
  });

  it('says what a head looks like', async () => {
    expect(await verify(['--head=7'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^--head [^\n]*"7"[^\n]*<seq>:<hash>[^\n]*\n$/),
    });
    const backwards = ['--head', headText(headAt(events, 1)), '--from', last()];
    expect(await verify(backwards)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/before --from/),
    });
  });

  it('takes no more memory for a long audit than for a short one', async () => {
    const [count, wordy] = [10_000, 'x'.repeat(12_000)];
    const keyring = service.app.get(Keyring);
    const codes = new ChainCodes((purpose) => keyring.macs(purpose));
    const manager = managerOf(service);
    const [like] = events;
    if (!like) throw new Error('nothing has happened');
    let head = headAt(events, events.length);
    for (let made = 0; made < count; made += 500) {
      const rows = Array.from({ length: 500 }, () => {
        const at = new Date();
        const said = { ...like, id: newId(), at, details: { wordy } };
        const details = JSON.stringify(said.details);
        const mac = codes.macOf({ ...said, at: at.getTime(), details });
        const seq = head.seq + 1;
        head = { seq, hash: codes.hashOf(head.hash, seq, { id: said.id, mac }) };
        return { ...said, ...head, mac };
      });
      await manager.createQueryBuilder().insert().into(AuditEvent).values(rows).execute();
    }
    await setHead(manager, head);
    // Its events do not fit into this; one page of them does.
    const { code, stdout, stderr } = await verify([], { NODE_OPTIONS: '--max-old-space-size=96' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `${events.length + count} events, 0 not sealed yet, 0 findings\nhead ${headText(head)}\n`,
    );
  });
});
